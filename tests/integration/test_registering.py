"""Versions registered by training, and the commands that use them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import call_raasid
from integration_runs import RunCli, only_run

import raasid.packaging
from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry

TINY = ("debug=limit", "register=true")


@pytest.fixture(scope="module")
def registered(league: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of two trainings, one after the other, and then two at once."""
    root = tmp_path_factory.mktemp("registering")
    words = ["train", *league, *TINY, f"paths.root={root}"]
    last_lines = []
    for seed in (1, 2):
        done = call_raasid(*words, f"seed={seed}")
        assert done.returncode == 0, done.stderr
        last_lines.append(done.stdout.splitlines()[-1])
    command = [sys.executable, "-m", "raasid", *words]
    at_once = [
        subprocess.Popen(
            [*command, f"seed={seed}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for seed in (3, 4)
    ]
    for process in at_once:
        out, err = process.communicate()
        assert process.returncode == 0, err
        last_lines.append(out.splitlines()[-1])
    builds = [
        line.removeprefix("registered ball_model v").removesuffix(" (challenger)") for line in last_lines
    ]
    day = builds[0].partition(".")[0]
    assert builds[:2] == [f"{day}.1", f"{day}.2"]
    assert sorted(builds[2:]) == [f"{day}.3", f"{day}.4"]
    return root


def test_every_training_is_a_version_and_the_last_is_challenger(registered: Path) -> None:
    registry = Registry(registered / "registry")
    assert fsck(registry) == []
    newest, *_, oldest = registry.versions("ball_model").newest_first()
    assert registry.alias("ball_model", "challenger") in (newest, newest._replace(build=3))
    manifest = registry.versions("ball_model").manifest(oldest)
    run = registered / "logs" / "train" / manifest.lineage["run"]
    assert manifest.config["seed"] == 1
    measured = json.loads((run / "metrics.json").read_text())
    assert manifest.metrics["detection_rate"].value == measured["estimates"]["detection_rate"]["value"]
    assert json.loads((run / "lineage.json").read_text())["registered"]["version"] == str(oldest)
    files = {"card.json", "model.json", "model.onnx", "model.safetensors", "profile.json", "state.json"}
    assert set(manifest.files) == files


def test_a_version_is_the_model_that_was_trained(registered: Path, call_cli: RunCli) -> None:
    registry = Registry(registered / "registry")
    version = registry.resolve("ball_model", "latest")
    manifest = registry.versions("ball_model").manifest(version)
    best = registered / "logs" / "train" / manifest.lineage["run"] / "checkpoints" / "best.ckpt"
    data = f"paths.data={manifest.config['paths']['data']}"
    common = ("data=synthetic_tiny", data)
    by_file = call_cli("evaluate", f"ckpt_path={best}", *common)
    by_name = call_cli("evaluate", "version=ball_model@latest", *common, f"paths.root={registered}")
    assert by_file.returncode == by_name.returncode == 0, by_name.stderr

    def figures(text: str) -> list[str]:
        return [line for line in text.splitlines() if "[" in line]

    assert figures(by_name.stdout) == figures(by_file.stdout) != []
    assert by_name.stdout.splitlines()[-1] == f"added to ball_model {version}"
    (added,) = registry.evaluations("ball_model", version)
    assert added.split == "test"
    assert "detection_rate" in added.metrics
    loaded = raasid.packaging.load("ball_model", str(version), root=registered / "registry")
    assert not loaded.module.training


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("version=ball_model@v20200101.1",), "is not in the registry"),
        (("version=ball_model@../../x",), "version"),
        (("version=ball_model@latest", "ckpt_path=last"), "names a model"),
    ],
)
def test_a_missing_version_is_reported(
    words: tuple[str, ...], expected: str, registered: Path, call_cli: RunCli
) -> None:
    done = call_cli("evaluate", *words, "data=synthetic_tiny", f"paths.root={registered}")
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_at_the_end_of_a_training_loses_no_run(
    call_cli: RunCli, league: list[str], tmp_path: Path
) -> None:
    (tmp_path / "registry").write_text("not a folder")
    done = call_cli("train", *league, *TINY)
    assert done.returncode == 1
    assert "registering ball_model" in done.stderr
    assert "Traceback" not in done.stderr
    run = only_run(tmp_path)
    assert (run / "checkpoints" / "best.ckpt").is_file()
    assert (run / "metrics.json").is_file()


def test_a_debugging_run_registers_nothing(call_cli: RunCli, league: list[str], tmp_path: Path) -> None:
    words = [word for word in league if not word.startswith("register=")]
    done = call_cli("train", *words, "debug=limit")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "registry").exists()
