"""Resolution of `last` and `best` for verbs that only read a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.run_dir import newest_checkpoint
from raasid.errors import UsageError


def a_run(folder: Path, *checkpoints: str) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    for name in checkpoints:
        (folder / "checkpoints" / f"{name}.ckpt").touch()
    return folder


def test_the_newest_training_that_has_one_is_taken(tmp_path: Path) -> None:
    a_run(tmp_path / "2026-11-23_05-00-00_aaaaaa", "last", "best")
    run = a_run(tmp_path / "2026-11-23_06-00-00_bbbbbb", "last", "best")
    a_run(tmp_path / "2026-11-23_07-00-00_cccccc")

    assert newest_checkpoint("last", tmp_path) == run / "checkpoints" / "last.ckpt"
    assert newest_checkpoint("best", tmp_path) == run / "checkpoints" / "best.ckpt"


def test_a_missing_checkpoint_is_reported_with_the_searched_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        newest_checkpoint("last", tmp_path)

    assert str(raised.value) == (
        f"ckpt_path=last: no checkpoints/last.ckpt below '{tmp_path}'; give the file itself, ckpt_path=FILE"
    )
