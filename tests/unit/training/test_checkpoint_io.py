"""Checkpoints are whole or not there, and never run code."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from raasid.errors import CheckpointUnusable
from raasid.training.checkpointing import DurableCheckpointIO

WRITER = """
import sys, torch
from pathlib import Path
from raasid.training.checkpointing import DurableCheckpointIO
target = Path(sys.argv[1])
for generation in range(10_000):
    weights = {"w": torch.full((400_000,), float(generation))}
    DurableCheckpointIO().save_checkpoint({"state_dict": weights}, target)
    print(generation, flush=True)
"""


def test_a_kill_while_saving_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    target = tmp_path / "last.ckpt"
    for saved_before_kill in (1, 2, 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(saved_before_kill)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        weights = DurableCheckpointIO().load_checkpoint(target)["state_dict"]["w"]
        assert weights.unique().numel() == 1
        assert weights[0] >= int(acknowledged)


def test_a_torn_checkpoint_is_named_with_its_path(tmp_path: Path) -> None:
    whole = tmp_path / "whole.ckpt"
    DurableCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(9)}}, whole)
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(CheckpointUnusable, match=r"torn\.ckpt"):
        DurableCheckpointIO().load_checkpoint(torn)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "bomb.ckpt").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointUnusable):
        DurableCheckpointIO().load_checkpoint(tmp_path / "bomb.ckpt")
    assert not (tmp_path / "ran").exists()
