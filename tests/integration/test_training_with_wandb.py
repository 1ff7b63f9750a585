"""Trainings tracked by W&B: offline and sent later, or online at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import optuna
import pytest
from in_process import call_raasid
from integration_runs import RunCli, only_run
from offline_run import records, run_files
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from wandb_http import serving
from wandb_server import KEY, WandbServer

from raasid.registry.fsck import fsck
from raasid.registry.outbox import Outbox
from raasid.registry.registry import Registry

TINY = ("debug=limit", "register=true", "logger=wandb", "logger.wandb.registry=model")


@pytest.fixture
def online(tmp_path: Path) -> dict[str, str]:
    return {"WANDB_MODE": "online", "WANDB_API_KEY": KEY, "NETRC": str(tmp_path / "none")}


def test_offline_it_queues_and_a_later_sync_sends_it_once(
    league: list[str], tmp_path: Path, online: dict[str, str]
) -> None:
    done = patient_raasid("train", *league, *TINY, f"paths.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    run, registry = only_run(tmp_path), Registry(tmp_path / "registry")
    run_id = (run / "wandb_run_id").read_text()
    registered = json.loads((run / "lineage.json").read_text())["registered"]
    assert [(registry.root / entry).is_file() for entry in registered["outbox"]] == [True] * 4
    assert {entry.message.run.id for entry in Outbox(registry).entries()} == {run_id}
    words = ("registry", "sync", f"--registry={registry.root}")
    with serving(WandbServer("refuse")) as server:
        failed = call_raasid(*words, env=online | {"WANDB_BASE_URL": server.url})
    assert failed.returncode == 1
    assert "would send 4 to W&B" in failed.stdout
    assert f"model ball_model:{registered['version']} (challenger), " in failed.stdout
    with serving(WandbServer()) as server:
        env = online | {"WANDB_BASE_URL": server.url}
        done = patient_raasid(*words, env=env)
        assert (done.returncode, "sent" in done.stdout) == (0, True), done.stderr
        done = call_raasid(*words, env=env)
        assert (done.returncode, done.stdout) == (0, "everything is in W&B already\n"), done.stderr
    assert_arrived(server, registry, run_id, registered["version"])


def test_online_it_is_sent_before_the_training_ends(
    league: list[str], tmp_path: Path, online: dict[str, str]
) -> None:
    with serving(WandbServer()) as server:
        env = online | {"WANDB_BASE_URL": server.url}
        done = patient_raasid("train", *league, *TINY, f"paths.root={tmp_path}", env=env)
    assert done.returncode == 0, done.stderr
    run, registry = only_run(tmp_path), Registry(tmp_path / "registry")
    assert Outbox(registry).sent == Outbox(registry).queued == 4, done.stderr
    registered = json.loads((run / "lineage.json").read_text())["registered"]
    assert_arrived(server, registry, (run / "wandb_run_id").read_text(), registered["version"])


def test_trainings_in_one_process_are_separate_runs(
    league: list[str], tmp_path: Path, run_cli: RunCli
) -> None:
    done = run_cli("train", "-m", *league, "debug=limit", "logger=wandb", "seed=1,2")
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.rglob("run-*.wandb"))
    runs = sorted(file.parent for file in tmp_path.rglob("wandb_run_id"))
    assert len(runs) == 2
    for run in runs:
        own = f"run-{(run / 'wandb_run_id').read_text()}.wandb"
        assert [file.name for file in files if run in file.parents] == [own]


def patient_raasid(*words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a process, because wandb's client and its service live as long as a process."""
    return subprocess.run(
        [sys.executable, str(Path(__file__).with_name("patient_raasid.py")), *words],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def assert_arrived(server: WandbServer, registry: Registry, run_id: str, version: str) -> None:
    data, model = server.artifacts
    assert (data["type"], data["name"], model["type"], model["name"]) == (
        "dataset",
        "ball_data",
        "model",
        "ball_model",
    )
    assert set(model["aliases"]) == {version, "challenger", "latest"}
    assert set(server.links["league/wandb-registry-model/ball_model"]) == {version, "challenger"}
    assert {*server.uses} == {(run_id, "ball_data")}
    found = registry.resolve("ball_model", version)
    manifest, run = registry.versions("ball_model").manifest(found), server.runs[run_id]
    assert run["summary"]["detection_rate"] == manifest.metrics["detection_rate"].value
    assert any("train/loss" in point for point in run["history"]), "the curves are there, too"
    assert run["config"]["seed"] == {"value": manifest.config["seed"]}
    weights = server.uploads[f"/s/{model['id']}/model.safetensors"]
    assert weights == registry.read("ball_model", found, "model.safetensors")
    assert fsck(registry) == []


def test_the_trials_of_a_sweep_are_runs_of_one_group_and_a_pruned_one_has_not_failed(
    league: list[str], tmp_path: Path
) -> None:
    words = (
        "debug=limit", "trainer.max_epochs=2", "logger=wandb", "optimizer.lr=choice(0.005,0.001)",
        "hydra/sweeper/sampler=grid", "hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.lower=1.1",
        "hydra.sweeper.direction=maximize", "hydra.sweeper.study_name=rates", f"paths.root={tmp_path}",
    )  # fmt: skip
    done = patient_raasid("sweep", *league, *words)
    assert done.returncode == 0, done.stderr
    sweep = tmp_path / "logs/sweep/rates"
    for number, trial in enumerate(trials_in(sweep)):
        (file,) = run_files(sweep / str(number))
        found = records(file)
        run = next(record.run for record in found if record.HasField("run"))
        assert (run.run_group, run.display_name) == ("rates", f"trial {number}")
        assert trial.state.name == "PRUNED"
        assert trial.user_attrs["raasid:wandb_run"] == run.run_id
        assert trial.user_attrs["raasid:checkpoint"] == str(sweep / str(number) / "checkpoints/best.ckpt")
        assert [record.exit.exit_code for record in found if record.HasField("exit")] == [0]


def trials_in(sweep: Path) -> list[optuna.trial.FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(sweep / "study.journal")))
    return optuna.load_study(study_name=None, storage=storage).trials
