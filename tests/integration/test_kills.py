"""Trainings killed between their first step and their last file: resumed, they are as if undisturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from in_process import call_raasid
from integration_runs import only_run
from killed_command import killed_before
from soak import rounds

from raasid.registry.fsck import fsck
from raasid.registry.outbox import Outbox
from raasid.registry.registry import Registry

WORDS = (
    "debug=limit", "register=true", "trainer.max_epochs=3", "data.samples_per_epoch=20",
    "trainer.log_every_n_steps=1", "callbacks.hard_negatives.start=5", "callbacks.hard_negatives.frames=4",
)  # fmt: skip


def words(league: list[str], root: Path, *more: str) -> list[str]:
    kept = [word for word in league if not word.startswith("register=")]
    return [*kept, *WORDS, f"paths.root={root}", *more]


def resumed(root: Path, league: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    """Continue the newest run; start one if none had begun."""
    begun = any((root / "logs" / "train").glob("*_*"))
    return call_raasid("train", *words(league, root, *more), *["ckpt_path=last"] * begun)


def outcome(root: Path) -> dict[str, Any]:
    """What must not depend on kills: weights, logged metrics, versions, aliases and lineage."""
    registry, run = Registry(root / "registry"), only_run(root)
    assert fsck(registry) == []
    versions = list(registry.versions("ball_model").newest_first())
    manifests = [registry.versions("ball_model").manifest(version) for version in versions]
    lineage = json.loads((run / "lineage.json").read_text())
    assert lineage["run_id"] == json.loads((run / "run.json").read_text())["id"]
    checkpoints = {
        f"{name}.{part}": torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)[part]
        for name in ("last", "best")
        for part in ("state_dict", "raw_state_dict")
    }
    return {
        "weights": {
            f"{part}.{name}": value for part, state in checkpoints.items() for name, value in state.items()
        },
        "metrics.csv": (run / "metrics.csv").read_text(),
        "estimates": json.loads((run / "metrics.json").read_text())["estimates"],
        "versions": [str(version).partition(".")[2] for version in versions],
        "metrics": [manifest.metrics for manifest in manifests],
        "files": [manifest.files["model.safetensors"] for manifest in manifests],
        "challenger": registry.alias("ball_model", "challenger") == versions[0],
        "alias records": len(list(registry.alias_history("ball_model", "challenger").newest_first())),
        "lineage": without_names(lineage),
        "manifest's lineage": [without_names(manifest.lineage) for manifest in manifests],
    }


def without_names(lineage: dict[str, Any]) -> dict[str, Any]:
    """Without what no two runs need have in common: identity, state of the code, bytes of the checkpoint."""
    left_out = ("run", "run_id", "outputs", "registered")
    kept = {key: value for key, value in lineage.items() if key not in left_out}
    return kept | {"environment": kept["environment"] | {"code": ""}}


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    weights, expected = ours["weights"], theirs["weights"]
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in weights)
    rest = [{k: v for k, v in each.items() if k != "weights"} for each in (ours, theirs)]
    assert rest[0] == rest[1]


@pytest.fixture(scope="module")
def undisturbed(league: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("undisturbed")
    done = call_raasid("train", *words(league, root))
    assert done.returncode == 0, done.stderr
    return outcome(root)


@pytest.fixture(scope="module")
def tested(league: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a training with a W&B run that was killed when its test was done."""
    root = tmp_path_factory.mktemp("tested")
    assert killed_before("*/report.html", 1, "train", *words(league, root, "logger=wandb"))
    return root


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("*/versions/*/manifest.json", 1),
        ("*/aliases/challenger/*.json", 1),
        ("*/outbox/entries/*.json", 3),
        ("*/lineage.json", 2),
        ("*/run.json", 3),
    ],
)
def test_a_kill_anywhere_in_the_registration_makes_no_second_version(
    pattern: str, count: int, tested: Path, league: list[str], undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(tested, root)
    again = words(league, root, "logger=wandb", "ckpt_path=last")
    assert killed_before(pattern, count, "train", *again), "the training ended before that change"

    done = call_raasid("train", *again)
    assert done.returncode == 0, done.stderr
    assert_same(outcome(root), undisturbed)
    queued = [entry.message for entry in Outbox(Registry(root / "registry")).entries()]
    assert [message.kind for message in queued] == ["run", "artifact", "artifact"]
    entries = json.loads((only_run(root) / "lineage.json").read_text())["registered"]["outbox"]
    assert entries == [f"outbox/entries/{number:08d}.json" for number in (1, 2, 3)]

    before = contents(root)
    once_more = call_raasid("train", *again)
    assert once_more.returncode == 0
    assert "nothing is left to do" in once_more.stderr
    assert contents(root) == before


def contents(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_of_two_processes_that_resume_one_run_one_trains_it(
    league: list[str], tested: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(tested, root)
    command = [sys.executable, "-m", "raasid", "train", *words(league, root, "ckpt_path=last")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = {process.communicate()[1].splitlines()[-1]: process.returncode for process in both}
    refused = [(line, status) for line, status in errors.items() if "another process" in line]
    late = [(line, status) for line, status in errors.items() if "nothing is left to do" in line]
    assert len(refused) + len(late) == 1, errors
    assert [status for _, status in refused] in ([], [2])
    assert [status for _, status in late] in ([], [0])
    assert_same(outcome(root), undisturbed)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(rounds(2, 200)))
def test_a_training_killed_at_a_random_moment_ends_as_if_undisturbed(
    number: int, league: list[str], undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    rng = random.Random(number)
    how = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number % 4]
    more: list[str] = []
    for _ in range(rng.choice((1, 1, 2))):
        before = began(tmp_path)
        process = subprocess.Popen(
            [sys.executable, "-m", "raasid", "train", *words(league, tmp_path, *more)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        killed = kill_within_run(process, tmp_path, before, rng, how)
        _, err = process.communicate(timeout=120)
        expected = {signal.SIGTERM: (75, -how), signal.SIGINT: (130, -how)}.get(how, (-how,))
        finished = any(json.loads(file.read_text())["finished"] for file in records(tmp_path))
        assert process.returncode in ((*expected, 0) if finished else expected if killed else (0,)), err
        assert "Traceback" not in err
        more = ["ckpt_path=last"] if any((tmp_path / "logs" / "train").glob("*_*")) else []

    done = resumed(tmp_path, league)
    assert done.returncode == 0, done.stderr
    assert_same(outcome(tmp_path), undisturbed)


def began(root: Path) -> list[int]:
    """When processes of a training owned its run: a new one adds to it or changes it."""
    return [file.stat().st_mtime_ns for file in records(root)]


def records(root: Path) -> list[Path]:
    return list((root / "logs" / "train").glob("*_*/run.json"))


def kill_within_run(
    process: subprocess.Popen[str], root: Path, before: list[int], rng: random.Random, how: signal.Signals
) -> bool:
    """Signal a training at a random moment after it has taken its run; False if it has ended by then."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and began(root) == before and process.poll() is None:
        time.sleep(0.01)
    try:
        process.wait(rng.uniform(0, 3.5))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, how)
        return True
    return False
