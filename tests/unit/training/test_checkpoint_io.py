"""Checkpoints are complete or absent, and no code in them is executed."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest
import torch

from raasid.errors import CheckpointUnusable
from raasid.training.checkpointing import AtomicCheckpointIO


def save_generations(target: Path, acknowledge: int) -> None:
    """Save forever; a byte goes to the file descriptor `acknowledge` after each checkpoint."""
    for generation in range(10_000):
        weights = {"w": torch.full((400_000,), float(generation))}
        AtomicCheckpointIO().save_checkpoint({"state_dict": weights}, target)
        os.write(acknowledge, b".")


def test_a_kill_while_saving_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    target = tmp_path / "last.ckpt"
    for saved_before_kill in (1, 2, 4, 8):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                save_generations(target, writer)
            finally:
                os._exit(1)
        for _ in range(saved_before_kill):
            assert os.read(reader, 1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
        weights = AtomicCheckpointIO().load_checkpoint(target)["state_dict"]["w"]
        assert weights.unique().numel() == 1
        assert weights[0] >= saved_before_kill - 1


def test_a_truncated_checkpoint_is_named_with_its_path(tmp_path: Path) -> None:
    whole = tmp_path / "whole.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(9)}}, whole)
    truncated = tmp_path / "torn.ckpt"
    truncated.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(CheckpointUnusable, match=r"torn\.ckpt"):
        AtomicCheckpointIO().load_checkpoint(truncated)


def test_a_pickle_with_code_is_refused_and_not_executed(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "bomb.ckpt").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointUnusable):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "bomb.ckpt")
    assert not (tmp_path / "ran").exists()
