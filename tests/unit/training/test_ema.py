"""The average of the weights is measured and kept; training continues with the raw weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import nn

from raasid.training.ema import Ema


def started(model: nn.Module, decay: float = 0.9) -> Ema:
    ema = Ema(decay)
    ema.on_fit_start(cast("Any", None), cast("Any", model))
    return ema


def step(ema: Ema, number: int) -> None:
    ema.on_train_batch_end(cast("Any", SimpleNamespace(global_step=number)))


def test_the_average_has_a_rising_decay() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    ema = started(model)
    nn.init.ones_(model.weight)
    step(ema, 1)
    ema.on_validation_epoch_start(cast("Any", None), cast("Any", model))
    torch.testing.assert_close(float(model.weight), 1 - 1 / 11)


def test_a_batch_without_an_optimiser_step_changes_nothing() -> None:
    model = nn.Linear(1, 1, bias=False)
    ema = started(model)
    step(ema, 1)
    before = dict(cast("Any", ema._average))["weight"].clone()
    nn.init.constant_(model.weight, 7)
    step(ema, 1)
    assert torch.equal(cast("Any", ema._average)["weight"], before)


def test_after_validation_training_continues_with_the_raw_weights() -> None:
    model = nn.BatchNorm1d(3)
    ema = started(model)
    nn.init.constant_(model.weight, 5)
    step(ema, 1)
    raw = model.weight.clone()
    nothing = cast("Any", None)
    ema.on_validation_epoch_start(nothing, cast("Any", model))
    assert not torch.equal(model.weight, raw)
    ema.on_validation_epoch_end(nothing, cast("Any", model))
    assert torch.equal(model.weight, raw)


def test_a_checkpoint_restores_raw_and_average_weights() -> None:
    model = nn.BatchNorm1d(3)
    ema = started(model)
    nn.init.constant_(model.weight, 5)
    step(ema, 1)
    nothing = cast("Any", None)
    checkpoint: dict[str, Any] = {"state_dict": model.state_dict()}
    ema.on_save_checkpoint(nothing, cast("Any", model), checkpoint)
    assert set(checkpoint["state_dict"]) == set(model.state_dict())

    other, again = nn.BatchNorm1d(3), Ema(0.9)
    other.load_state_dict(checkpoint["state_dict"])
    again.on_load_checkpoint(nothing, cast("Any", other), checkpoint)
    again.on_fit_start(nothing, cast("Any", other))
    assert torch.equal(other.weight, model.weight)
    assert torch.equal(cast("Any", again._average)["weight"], cast("Any", ema._average)["weight"])
    assert again.steps == 1
