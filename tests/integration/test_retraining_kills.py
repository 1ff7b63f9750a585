"""Retrainings killed between any two changes to the disk: the next call ends them, once."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ball_season import (
    CHECK,
    GATE,
    PERFORMANCE,
    RETRAIN,
    TRAIN,
    TRAIN_IF_ASKED,
    assert_retrained_once,
    at,
    champion,
    versions,
)  # fmt: skip
from in_process import call_raasid
from killed_command import killed_before
from small_disk import FullBefore
from soak import SOAK, rounds

from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

RUN = "retrainings/ball_model/runs/????????????"
RECORD = f"retrainings/ball_model/{'[0-9a-f]' * 64}.json"
STAGES = {
    "check": ("decisions/ball_model/2*.json", 1),
    "claim": ("retrainings/ball_model/lease/*.json", 1),
    "journal": (f"{RUN}/journal.jsonl", 1),
    "weights of the champion": (f"{RUN}/champion.safetensors", 1),
    "ownership of the training": (f"{RUN}/train/.owner/*.json", 1),
    "identity of the training": (f"{RUN}/train/run.json", 1),
    "first checkpoint": (f"{RUN}/train/checkpoints/last.ckpt", 1),
    "training step": (f"{RUN}/train/metrics.csv", 2),
    "later checkpoint": (f"{RUN}/train/checkpoints/last.ckpt", 2),
    "test": (f"{RUN}/train/metrics.json", 1),
    "report": (f"{RUN}/train/report.html", 1),
    "lineage": (f"{RUN}/train/lineage.json", 1),
    "export": (f"{RUN}/train/package/model.onnx", 1),
    "files of the version": ("registry/objects/*", 2),
    "version": ("registry/models/*/versions/*/manifest.json", 1),
    "challenger": ("registry/models/*/aliases/challenger/*.json", 1),
    "end of the training": (f"{RUN}/train/run.json", 3),
    "look at the test set": ("registry/gate_looks/*.json", 1),
    "verdict of the gate": (f"{RUN}/gate.json", 1),
    "anchor": ("registry/models/*/aliases/anchor/*.json", 1),
    "champion": ("registry/models/*/aliases/champion/*.json", 1),
    "route": ("registry/routes/*.json", 1),
    "record": (RECORD, 1),
}
"""Stage -> the change to the disk, and its number, before which a process is killed; in their order."""
IN_SERVICE = ("route", "record")
"""Stages at which the new version is champion already."""
MAIN = ("claim", "later checkpoint", "version", "verdict of the gate", "champion", "route", "record")


def fails_before(pattern: str, *words: str) -> bool:
    """Run a command that fails before a change, as if it was killed, but without a new process."""
    with FullBefore(None, pattern) as full:
        call_raasid(*words)
    return full.happened


@pytest.fixture
def root(ball_season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ball_season, tmp_path / "root"))


def test_a_retraining_that_is_killed_again_and_again_is_done_once(root: Path, ball_season: Path) -> None:
    """Every call is killed at a later stage than the one before."""
    words, old = (*RETRAIN, *at(root, ball_season)), champion(root)
    for stage in MAIN:
        pattern, count = STAGES[stage]
        assert killed_before(f"{root}/{pattern}", count, *words), f"it was done before: {stage}"
        assert (champion(root) == old) == (stage not in IN_SERVICE), stage

    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)
    assert "cools down" in call_raasid(*words).stdout
    assert versions(root) == 2


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("stage", STAGES)
def test_a_retraining_that_is_killed_at_a_stage_is_ended_by_the_next_call(
    stage: str, root: Path, ball_season: Path
) -> None:
    words, old = (*RETRAIN, *at(root, ball_season)), champion(root)
    pattern, count = STAGES[stage]
    assert killed_before(f"{root}/{pattern}", count, *words)
    assert (champion(root) == old) == (stage not in IN_SERVICE)
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("number", range(50))
def test_a_retraining_that_is_killed_at_random_changes_is_done_once(
    number: int, root: Path, ball_season: Path
) -> None:
    words, old, rng = (*RETRAIN, *at(root, ball_season)), champion(root), random.Random(number)
    for _ in range(rng.choice((1, 1, 2, 3)) if SOAK else 1):
        killed_before(f"{root}/[!l]*", rng.randint(1, 95), *words)
        assert fsck(Registry(root / "registry")) == []
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)


def test_a_refusal_that_was_not_recorded_is_given_again_and_not_measured_again(
    root: Path, ball_season: Path
) -> None:
    """With its limit for false positives, of which the poor champion has none."""
    words, old = ("retrain", *CHECK, *GATE, TRAIN, *at(root, ball_season)), champion(root)
    assert fails_before(f"{root}/retrainings/ball_model/.*.draft", *words)
    (verdict,) = (root / "retrainings").rglob("gate.json")
    written = verdict.stat().st_mtime_ns
    done = call_raasid(*words)
    assert (done.returncode, verdict.stat().st_mtime_ns) == (3, written), done.stderr
    assert "refused by the gate: false_positives_per_minute rises from 0.000" in done.stderr
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert (past.promoted, versions(root), champion(root)) == (False, 2, old)


def test_who_goes_back_to_the_champion_before_is_not_overruled(root: Path, ball_season: Path) -> None:
    words, old, registry = (*RETRAIN, *at(root, ball_season)), champion(root), Registry(root / "registry")
    assert fails_before(f"{root}/registry/routes/*.json", *words)
    registry.set_alias("ball_model", "champion", registry.resolve("ball_model", old), "missed throw-ins")
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert (champion(root), registry.routes(), versions(root)) == (old, None, 2)
    assert len(ClaimStore(root / "retrainings").history("ball_model")) == 1


def test_a_training_that_asked_its_trigger_and_was_killed_is_ended_by_either_command(
    root: Path, ball_season: Path
) -> None:
    old = champion(root)
    train = (*TRAIN_IF_ASKED, "trigger=performance", *PERFORMANCE[1:], *at(root, ball_season))
    assert fails_before(f"{root}/registry/gate_looks/*.json", *train)
    assert fails_before(f"{root}/registry/routes/*.json", *train), "it is not trained again"
    done = call_raasid(*RETRAIN, *at(root, ball_season))
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)


def test_a_retraining_whose_configuration_was_changed_after_a_kill_begins_anew(
    root: Path, ball_season: Path
) -> None:
    words, old = (*RETRAIN, *at(root, ball_season)), champion(root)
    assert fails_before(f"{root}/*/report.html", *words)
    changed = [word.replace("samples_per_epoch=40", "samples_per_epoch=44") for word in words]
    done = call_raasid(*changed)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)
    (trained,) = (root / "retrainings").glob("*/runs/*/train/run.json")
    assert json.loads(trained.read_text())["config"]["data"]["samples_per_epoch"] == 44
    assert (trained.parents[1] / "train.1").is_dir(), "what was trained before is kept"
    why = "it was configured in another way: data.samples_per_epoch: 44 now, 40 there"
    assert f'"restart", "what": "{why}"' in (trained.parents[1] / "journal.jsonl").read_text()


@pytest.mark.soak
@pytest.mark.parametrize("number", range(rounds(1, 12)))
def test_of_two_calls_at_once_one_retrains(number: int, root: Path, ball_season: Path) -> None:
    old = champion(root)
    command = [sys.executable, "-m", "raasid", *RETRAIN, *at(root, ball_season)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("is champion" in text for text in printed) == 1
    assert_retrained_once(root, old)
