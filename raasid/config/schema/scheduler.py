"""Group `scheduler`: how the rate moves. Fractions are of all optimiser steps, or of `optimizer.lr`."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Gt, Lt
from pydantic import Discriminator, Tag

from raasid.config.schema.section import Section
from raasid.config.schema.target import TagBy
from raasid.config.schema.types import Fraction, Mode, Natural


class OneCycleConfig(Section):
    """Up, then down by a cosine, once over the whole training."""

    kind: Literal["one_cycle"] = "one_cycle"
    warmup: Fraction = 0.1
    final: Fraction = 0.001


class CosineConfig(Section):
    """A short linear warm-up, then down by a cosine."""

    kind: Literal["cosine"] = "cosine"
    warmup: Fraction = 0.05
    final: Fraction = 0.01


class PlateauConfig(Section):
    """Down by a factor whenever the watched metric stands still."""

    kind: Literal["plateau"] = "plateau"
    monitor: str = "val/detection_rate"
    mode: Mode = "max"
    factor: Annotated[float, Gt(0), Lt(1)] = 0.3
    patience: Natural = 3
    """Validations without an improvement."""


class ConstantConfig(Section):
    """The same rate throughout, after a linear warm-up."""

    kind: Literal["constant"] = "constant"
    warmup: Fraction = 0.0


Scheduler = Annotated[
    Annotated[OneCycleConfig, Tag("<one_cycle>")]
    | Annotated[CosineConfig, Tag("<cosine>")]
    | Annotated[PlateauConfig, Tag("<plateau>")]
    | Annotated[ConstantConfig, Tag("<constant>")],
    Discriminator(TagBy("kind").of),
]
