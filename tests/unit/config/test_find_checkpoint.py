"""Resolution of `last` and `best`."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.run_dir import find_checkpoint
from raasid.errors import UsageError

HEATMAP = "raasid.models.ball.heatmap.BallHeatmap"


def a_run(folder: Path, *checkpoints: str, target: str = HEATMAP) -> Path:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text(f"model:\n  _target_: {target}\n")
    (folder / "checkpoints").mkdir()
    for name in checkpoints:
        (folder / "checkpoints" / f"{name}.ckpt").touch()
    return folder


def test_last_continues_in_the_newest_run_of_the_same_configuration(tmp_path: Path) -> None:
    run = a_run(tmp_path / "2026-11-23_05-00-00_aaaaaa", "last")
    a_run(tmp_path / "2026-11-23_06-00-00_aaaaaa")
    a_run(tmp_path / "2026-11-23_07-00-00_bbbbbb", "last")

    found = find_checkpoint("last", tmp_path, "aaaaaa", HEATMAP)

    assert found == (run / "checkpoints" / "last.ckpt", run)


def test_last_of_another_configuration_starts_a_new_run(tmp_path: Path) -> None:
    run = a_run(tmp_path / "2026-11-23_05-00-00_bbbbbb", "last")
    a_run(tmp_path / "2026-11-23_06-00-00_cccccc", "last", target="my.Model")

    found = find_checkpoint("last", tmp_path, "aaaaaa", HEATMAP)

    assert found == (run / "checkpoints" / "last.ckpt", None)


def test_best_always_starts_a_new_run(tmp_path: Path) -> None:
    run = a_run(tmp_path / "2026-11-23_05-00-00_aaaaaa", "last", "best")

    assert find_checkpoint("best", tmp_path, "aaaaaa", HEATMAP) == (run / "checkpoints" / "best.ckpt", None)


def test_a_directory_that_the_user_names_takes_precedence(tmp_path: Path) -> None:
    a_run(tmp_path / "2026-11-23_05-00-00_aaaaaa", "last")
    mine = a_run(tmp_path / "mine", "last")

    assert find_checkpoint("last", tmp_path, "aaaaaa", HEATMAP, mine) == (
        mine / "checkpoints" / "last.ckpt",
        mine,
    )


def test_evaluation_takes_the_newest_training_of_any_kind(tmp_path: Path) -> None:
    run = a_run(tmp_path / "2026-11-23_05-00-00_aaaaaa", "best", target="my.Model")

    assert find_checkpoint("best", tmp_path, None, None) == (run / "checkpoints" / "best.ckpt", None)


def test_a_missing_checkpoint_is_reported_with_the_searched_folder(tmp_path: Path) -> None:
    damaged = tmp_path / "2026-11-23_05-00-00_bbbbbb"
    a_run(damaged, "last")
    (damaged / ".hydra" / "config.yaml").write_text("model: [")

    with pytest.raises(UsageError) as raised:
        find_checkpoint("last", tmp_path, "aaaaaa", HEATMAP)

    assert str(raised.value) == (
        f"ckpt_path=last: no checkpoints/last.ckpt of a BallHeatmap below '{tmp_path}'; "
        "give the file itself, ckpt_path=FILE"
    )
