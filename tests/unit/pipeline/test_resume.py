"""Where a training resumes, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from raasid.config.compose import compose
from raasid.config.run_dir import StartingPoint, run_hash
from raasid.errors import Exit, UsageError
from raasid.io.lease import Lease, LeaseHeld
from raasid.pipeline.resume import ResumeRefused, check_resumable, find_start
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.run_record import RunFinished, RunRecord


def configured(root: Path, *words: str) -> TrainConfig:
    return compose("train", TrainConfig, [f"paths.root={root}", "ckpt_path=last", *words])


def a_run(root: Path, time: str, *words: str, saved: bool = True, **fields: Any) -> Path:
    """A run of the default configuration with `words`, begun at `time`."""
    config = configured(root, *words)
    run = root / "logs" / "train" / f"2026-11-23_{time}_{run_hash(config)}"
    (run / "checkpoints").mkdir(parents=True)
    record = RunRecord("ab" * 8, "2026-11-23T05:00:00+00:00", config.recorded(), **fields)
    (run / "run.json").write_text(json.dumps(asdict(record)))
    if saved:
        for name in ("last", "best"):
            torch.save({"config": config.recorded()}, run / "checkpoints" / f"{name}.ckpt")
    return run


def start(root: Path, *words: str, user_dir: Path | None = None) -> StartingPoint:
    config = configured(root, *words)
    return find_start(config, run_hash(config), user_dir)


def last(run: Path) -> Path:
    return run / "checkpoints" / "last.ckpt"


def test_the_newest_run_of_this_configuration_continues(tmp_path: Path) -> None:
    a_run(tmp_path, "05-00-00", finished="2026-11-23T05:10:00+00:00")
    run = a_run(tmp_path, "06-00-00")
    a_run(tmp_path, "07-00-00", "seed=2")
    assert start(tmp_path) == (last(run), run)


@pytest.mark.parametrize(
    "word",
    ["trainer.max_epochs=7", "trainer.devices=2", "trainer=cpu", "logger=wandb", "data.num_workers=3",
     "tags=[a]", "callbacks.model_checkpoint.every_n_train_steps=9", "~callbacks.progress"],
)  # fmt: skip
def test_length_devices_and_loggers_may_change(word: str, tmp_path: Path) -> None:
    run = a_run(tmp_path, "06-00-00")
    assert start(tmp_path, word) == (last(run), run)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["optimizer.lr=0.5"], ["optimizer.lr: 0.5 now, 0.006 there"]),
        (["model.channels=8", "seed=2"], ["seed: 2 now, 1 there", "model.channels: 8 now, 16 there"]),
        (["data.batch_size=64"], ["data.batch_size: 64 now, 112 there"]),
        (["optimizer=sgd"], ["optimizer._target_: ", "optimizer.momentum: 0.937 now, not set there"]),
    ],
)
def test_what_may_not_change_is_refused_line_by_line_with_the_way_to_do_it(
    words: list[str], lines: list[str], tmp_path: Path
) -> None:
    run = a_run(tmp_path, "06-00-00")
    before = sorted(tmp_path.rglob("*"))
    for origin in ("ckpt_path=last", f"ckpt_path={last(run)}", "ckpt_path=best"):
        with pytest.raises(ResumeRefused) as refused:
            start(tmp_path, *words, origin)
        message = str(refused.value)
        assert all(f"\n  {line}" in message for line in lines), message
        assert "model.init_from='" in message
        assert refused.value.exit == Exit.USAGE
    with pytest.raises(ResumeRefused):
        check_resumable(configured(tmp_path, *words), last(run))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_finished_run_is_finished(tmp_path: Path) -> None:
    a_run(tmp_path, "05-00-00", saved=True)
    run = a_run(tmp_path, "06-00-00", finished="2026-11-23T06:10:00+00:00", version="ball_model v20261123.1")
    with pytest.raises(RunFinished, match=r"finished .*, registered as ball_model v20261123\.1; nothing is"):
        start(tmp_path)
    assert RunFinished.exit == Exit.DONE
    assert start(tmp_path, "trainer.max_epochs=99") == (last(run), None), "a longer one is a new run"


def test_the_newest_run_without_a_checkpoint_starts_again_and_no_older_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run(tmp_path, "05-00-00")
    run = a_run(tmp_path, "06-00-00", saved=False)
    assert start(tmp_path) == (last(run), run)
    assert not last(run).exists()
    assert "has no checkpoint yet, and starts from the beginning" in " ".join(capsys.readouterr().err.split())


def test_a_run_that_another_process_works_on_is_refused(tmp_path: Path) -> None:
    run = a_run(tmp_path, "06-00-00")
    with Lease(run / ".owner", "run"), pytest.raises(LeaseHeld, match="belongs to another process"):
        start(tmp_path)
    assert start(tmp_path) == (last(run), run)


def test_the_users_own_directory_is_the_run(tmp_path: Path) -> None:
    a_run(tmp_path, "07-00-00")
    mine = a_run(tmp_path, "06-00-00").rename(tmp_path / "mine")
    assert start(tmp_path, user_dir=mine) == (last(mine), mine)
    assert start(tmp_path, f"ckpt_path={last(mine)}", user_dir=mine) == (last(mine), mine)


def test_a_file_begins_a_new_run(tmp_path: Path) -> None:
    run = a_run(tmp_path, "06-00-00", finished="2026-11-23T06:10:00+00:00")
    assert start(tmp_path, f"ckpt_path={last(run)}") == (last(run), None)
    assert start(tmp_path, "ckpt_path=best") == (run / "checkpoints" / "best.ckpt", None)


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")
    with pytest.raises(UsageError, match=r"holds no configuration.*model\.init_from="):
        start(tmp_path, f"ckpt_path={tmp_path / 'foreign.ckpt'}")


def test_a_missing_run_is_reported_with_the_searched_folder(tmp_path: Path) -> None:
    damaged = a_run(tmp_path, "06-00-00", "seed=2")
    (damaged / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"no run of a BallHeatmap with this configuration below '.*train'"):
        start(tmp_path)
