"""A strategy with a reader of its own, as that of FSDP with pickle, gets no checkpoint that holds code."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, cast
from zipfile import ZipFile

import pytest
import torch
from lightning.fabric.utilities.load import _lazy_load
from lightning.pytorch.strategies import SingleDeviceStrategy

from raasid.config.compose import compose
from raasid.errors import CheckpointUnusable
from raasid.models.ball.heatmap import BallHeatmap
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training import fit as fit_module


class ReadsByItself(SingleDeviceStrategy):
    """Reads a file with the unpickler of FSDPStrategy, which needs a GPU for the rest."""

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        """Return the file's content."""
        return cast("dict[str, Any]", _lazy_load(checkpoint_path))


class _Trainer:
    """Loads the checkpoint, and fits nothing."""

    def __init__(self) -> None:
        self.strategy = ReadsByItself()

    def fit(self, model: object, data: object, ckpt_path: str, weights_only: bool) -> None:
        """Load the checkpoint."""
        self.loaded = self.strategy.load_checkpoint(ckpt_path, weights_only)


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.ran,)


def resumed(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> _Trainer:
    trainer = _Trainer()
    monkeypatch.setattr(fit_module, "build_trainer", lambda *_: trainer)
    cfg = compose("train", TrainConfig, ["data=synthetic_tiny", "callbacks=none", f"ckpt_path={checkpoint}"])
    fit_module.fit(cfg, BallHeatmap(channels=4), cast("Any", None), checkpoint.parent)
    return trainer


def test_tensors_and_plain_values_are_resumed_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"state_dict": {"w": torch.ones(2)}, "epoch": 3}, tmp_path / "good.ckpt")
    assert resumed(monkeypatch, tmp_path / "good.ckpt").loaded["epoch"] == 3


@pytest.mark.parametrize("disguised", [False, True])
def test_code_is_refused_and_not_run(
    disguised: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil, ran = tmp_path / "evil.ckpt", tmp_path / "ran"
    torch.save({"state_dict": Bomb(ran)}, evil)
    if disguised:  # what torch.load reads at the start is harmless; a zip archive is found from its end
        archive = evil.rename(tmp_path / "archive")
        torch.save({"state_dict": {}}, evil, _use_new_zipfile_serialization=False)
        with ZipFile(archive) as source, ZipFile(evil, "a") as target:
            for name in source.namelist():
                target.writestr(name, source.read(name))
        assert torch.load(evil, weights_only=True) == {"state_dict": {}}
    with pytest.raises(CheckpointUnusable, match=r"evil\.ckpt"):
        resumed(monkeypatch, evil)
    assert not ran.exists()


def test_a_folder_of_shards_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "last.ckpt").mkdir()
    (tmp_path / "last.ckpt/.metadata").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(CheckpointUnusable, match=r"last\.ckpt: is a folder"):
        resumed(monkeypatch, tmp_path / "last.ckpt")
