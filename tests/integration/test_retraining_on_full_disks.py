"""Retrainings on a disk that becomes full: it is said, and with room again the next call ends them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ball_season import RETRAIN, assert_retrained_once, at, champion, versions
from in_process import call_raasid
from small_disk import FullBefore, SmallDisk, small_disk

from raasid.errors import Exit
from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry

RUN = "retrainings/ball_model/runs/????????????"
STAGES = {
    "check": ("decisions/ball_model/.2*.draft", 1),
    "claim": ("retrainings/ball_model/lease/*", 1),
    "journal": (f"{RUN}/journal.jsonl", 1),
    "weights of the champion": (f"{RUN}/.champion.safetensors*", 1),
    "identity of the training": (f"{RUN}/train/.run.json*", 1),
    "first checkpoint": (f"{RUN}/train/checkpoints/.last.ckpt*", 1),
    "training step": (f"{RUN}/train/*metrics.csv*", 1),
    "later checkpoint": (f"{RUN}/train/checkpoints/.last.ckpt*", 2),
    "report": (f"{RUN}/train/.report.html*", 1),
    "lineage": (f"{RUN}/train/.lineage.json*", 1),
    "export": (f"{RUN}/train/package/*/model.onnx", 1),
    "files of the version": ("registry/objects/*", 1),
    "version": ("registry/models/*/versions/*", 1),
    "challenger": ("registry/models/*/aliases/challenger/*", 1),
    "end of the training": (f"{RUN}/train/.run.json*", 2),
    "look at the test set": ("registry/gate_looks/*", 1),
    "verdict of the gate": (f"{RUN}/.gate.json*", 1),
    "anchor": ("registry/models/*/aliases/anchor/*", 1),
    "champion": ("registry/models/*/aliases/champion/*", 1),
    "route": ("registry/routes/*", 1),
    "record": ("retrainings/ball_model/.*.draft", 1),
}
"""Stage -> the change to the disk, and its number, before which the disk becomes full; in their order."""
IN_SERVICE = ("route", "record")
"""Stages at which the new version is champion already."""
MAIN = (
    "check",
    "claim",
    "first checkpoint",
    "export",
    "version",
    "verdict of the gate",
    "champion",
    "record",
)
JOURNALS = re.compile(r"(re)?train\.log|log/.*\.jsonl|days/\d+")
"""Files that are empty until there is something to tell, and marks that have no content."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


def empty_files(root: Path) -> list[str]:
    files = [path for path in root.rglob("*") if path.is_file() and not path.stat().st_size]
    return [str(path) for path in files if JOURNALS.search(str(path.relative_to(root))) is None]


@pytest.fixture
def root(disk: SmallDisk, ball_season: Path) -> Path:
    for name in ("registry", "logs"):
        shutil.copytree(ball_season / name, disk.folder / name)
    return disk.folder


def refuse(stage: str, disk: SmallDisk, root: Path, old: str, words: Sequence[str]) -> None:
    """Retrain on a disk that becomes full at a stage, and check what is said and left."""
    pattern, count = STAGES[stage]
    with FullBefore(disk, f"{root}/{pattern}", count) as full:
        done = call_raasid(*words)
    disk.make_room()
    assert full.happened, f"it was done before: {stage}"
    if disk.is_mounted or done.returncode:  # a limit on the size of files lets small ones pass
        assert done.returncode == Exit.FAILED, f"{stage}: {done.stderr}"
        assert re.search(rf"^error: .*{root}.*{disk.refusal}", done.stderr, re.MULTILINE), done.stderr
        assert (champion(root) == old) == (stage not in IN_SERVICE), stage
    assert "Traceback" not in done.stdout + done.stderr
    assert empty_files(root) == [], stage
    assert fsck(Registry(root / "registry")) == [], stage


def test_a_retraining_whose_disk_is_full_again_and_again_is_done_once(
    disk: SmallDisk, root: Path, ball_season: Path
) -> None:
    """Every call finds the disk full at a later stage than the one before."""
    words, old = (*RETRAIN, *at(root, ball_season)), champion(root)
    for stage in MAIN:
        refuse(stage, disk, root, old, words)
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)
    assert "cools down" in call_raasid(*words).stdout
    assert versions(root) == 2


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("stage", STAGES)
def test_a_retraining_whose_disk_is_full_at_a_stage_is_ended_by_the_next_call(
    stage: str, disk: SmallDisk, root: Path, ball_season: Path
) -> None:
    words, old = (*RETRAIN, *at(root, ball_season)), champion(root)
    refuse(stage, disk, root, old, words)
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)
