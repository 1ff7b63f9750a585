"""W&B runs of a training: online, offline, disabled, or not configured; the offline files are read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
from mirrored_registry import NAME, register, registry_at
from offline_run import config_of, finish, history_of, records, run_files, summary_of
from recording_mirror import RecordingMirror, brief

from raasid.pipeline.register import mirror_version, run_ref
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.outbox import ArtifactUpload, Outbox, RunRef
from raasid.registry.registry import Registry
from raasid.wandb_tracking.client import artifact_of
from raasid.wandb_tracking.config import LoggerConfig, WandbConfig
from raasid.wandb_tracking.enqueue import queue_version
from raasid.wandb_tracking.logging import wandb_logger


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "staging"))
    monkeypatch.delenv("WANDB_DIR", raising=False)
    folder = tmp_path / "20261123_101500_abcd"
    folder.mkdir()
    yield folder
    finish()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_at(tmp_path / "registry")


def configured(**fields: Any) -> TrainConfig:
    return TrainConfig.model_construct(logger=LoggerConfig(wandb=WandbConfig(**fields)))


def train(run_dir: Path, loss: float, cfg: TrainConfig) -> None:
    """Log what a training logs to W&B; the run stays open."""
    assert cfg.logger.wandb is not None
    logger = wandb_logger(cfg.logger.wandb, run_dir, {"seed": 7})
    assert (run_dir / "wandb_run_id").is_file()
    logger.log_metrics({"train/loss": loss}, step=1)


def test_offline_the_run_files_hold_config_curves_and_final_figures(
    run_dir: Path, registry: Registry
) -> None:
    cfg = configured(registry="model")
    train(run_dir, 0.5, cfg)
    version = register(registry, 1)
    entries = mirror_version(cfg, run_dir, registry, NAME, version)
    finish()
    (file,) = run_files(run_dir)
    found = records(file)
    assert {r.run.run_id for r in found if r.HasField("run")} == {(run_dir / "wandb_run_id").read_text()}
    assert config_of(found)["seed"] == 7
    assert history_of(found, "train/loss") == [0.5]
    assert summary_of(found)["detection_rate"] == 0.51
    assert summary_of(found)["detection_rate_high"] == 0.9
    assert entries == [f"outbox/entries/{n:08d}.json" for n in (1, 2, 3, 4)]
    assert all((registry.root / entry).is_file() for entry in entries)
    assert {e.message.run.id for e in Outbox(registry).entries()} == {(run_dir / "wandb_run_id").read_text()}
    assert Outbox(registry).sent == 0


def test_what_a_killed_process_has_queued_is_not_queued_again(registry: Registry, tmp_path: Path) -> None:
    version, run = register(registry, 1), run_ref_of("mine")
    whole = queue_version(Outbox(registry), NAME, version, run, "model", "training")
    other = registry_at(tmp_path / "other")
    register(other, 1)
    for entry in whole[:2]:
        Outbox(other).add(entry.message, "training")

    continued = queue_version(Outbox(other), NAME, version, run, "model", "training", again=True)

    assert [entry.seq for entry in continued] == [1, 2, 3, 4]
    assert [str(entry.message) for entry in continued] == [str(entry.message) for entry in whole]
    assert Outbox(other).queued == 4
    queue_version(Outbox(other), NAME, version, run_ref_of("another"), "model", "training", again=True)
    assert Outbox(other).queued == 8, "another run tells its own"


def run_ref_of(name: str) -> RunRef:
    return RunRef(id=name, project="raasid")


def test_a_resumed_run_continues_the_same_wandb_run(run_dir: Path) -> None:
    for loss in (0.5, 0.25):
        train(run_dir, loss, configured())
        finish()
    first, second = (records(file) for file in run_files(run_dir, 2))
    assert {r.run.run_id for r in [*first, *second] if r.HasField("run")} == {
        (run_dir / "wandb_run_id").read_text()
    }
    assert (history_of(first, "train/loss"), history_of(second, "train/loss")) == ([0.5], [0.25])


def test_an_artifact_is_written_with_its_names_figures_and_files(run_dir: Path, registry: Registry) -> None:
    cfg = configured(project="penalties")
    train(run_dir, 0.5, cfg)
    version, run = register(registry, 1), run_ref(cfg, run_dir)
    registry.set_alias(NAME, "challenger", version, "new")
    assert run is not None
    entries = queue_version(Outbox(registry), NAME, version, run, None, "test")
    for message in (entry.message for entry in entries if isinstance(entry.message, ArtifactUpload)):
        files = {name: registry.objects.path(member.sha256) for name, member in message.files.items()}
        assert wandb.run is not None
        wandb.run.log_artifact(artifact_of(message, files), aliases=message.aliases)
    finish()
    (file,) = run_files(run_dir)
    data, model = (r.artifact for r in records(file) if r.HasField("artifact"))
    assert (data.type, data.name, model.type, model.name) == ("dataset", "ball_data", "model", NAME)
    assert {*model.aliases} == {"v20261118.1", "challenger", "latest"}
    assert {c.path for c in model.manifest.contents} == {
        "model.safetensors",
        "card.json",
        "registry_manifest.json",
    }
    paths = {content.path: content.local_path for content in model.manifest.contents}
    assert paths["model.safetensors"].startswith(str(registry.root / "objects")), "weights are not copied"
    assert '"identity"' in model.metadata
    assert '"detection_rate"' in model.metadata


def test_the_variables_of_wandb_take_precedence(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = configured(project="penalties", entity="club")
    run = run_ref(cfg, run_dir)
    assert run is not None
    assert (run.project, run.entity, run.id) == ("penalties", "club", (run_dir / "wandb_run_id").read_text())
    for name, value in (("PROJECT", "goals"), ("ENTITY", "league"), ("RUN_ID", "mine")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    assert run_ref(cfg, run_dir) == run.model_copy(
        update={"project": "goals", "entity": "league", "id": "mine"}
    )


@pytest.mark.parametrize("how", ["not configured", "disabled"])
def test_without_wandb_nothing_is_queued_or_printed(
    how: str,
    run_dir: Path,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    cfg = TrainConfig.model_construct(logger=LoggerConfig())
    if how == "disabled":
        monkeypatch.setenv("WANDB_MODE", "disabled")
        cfg = configured()
        train(run_dir, 0.5, cfg)
    assert mirror_version(cfg, run_dir, registry, NAME, register(registry, 1)) == []
    assert not (registry.root / "outbox").exists()
    assert capfd.readouterr() == ("", "")
    assert run_files(run_dir, 0) == []


def test_online_everything_is_sent_at_once(
    run_dir: Path, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    mirror, version = RecordingMirror(tmp_path / "wandb.jsonl"), register(registry, 1)
    registry.set_alias(NAME, "challenger", version, "new")
    mirror_version(configured(), run_dir, registry, NAME, version, mirror)
    run_id = (run_dir / "wandb_run_id").read_text()
    kinds = [brief(message) for message, _ in mirror.taken()]
    assert kinds == [f"run {run_id}", "dataset sha256-abababababababab", "model v20261118.1"]
    assert mirror.taken()[2][0]["aliases"] == ["v20261118.1", "challenger"]


def test_a_network_failure_does_not_fail_a_training(
    run_dir: Path,
    registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    mirror = RecordingMirror(tmp_path / "wandb.jsonl")
    mirror.down = "no network"
    entries = mirror_version(configured(), run_dir, registry, NAME, register(registry, 1), mirror)
    assert len(entries) == 3
    stderr = capfd.readouterr().err
    assert "3 messages wait" in stderr
    assert "(no network); send them: raasid registry sync" in stderr
