"""Group `optimizer`: classes of torch.optim, or the user's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from raasid.config.schema.foreign import ForeignSection
from raasid.config.schema.section import Section
from raasid.config.schema.target import BY_TARGET
from raasid.config.schema.types import Fraction, Positive, Strength

Betas = tuple[Fraction, Fraction]


class AdamWConfig(Section):
    """Arguments of torch.optim.AdamW."""

    target: Literal["torch.optim.AdamW"] = Field("torch.optim.AdamW", alias="_target_")
    lr: Positive = 0.002
    betas: Betas = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: Strength = 0.01
    amsgrad: bool = False
    fused: bool | None = None


class AdamConfig(Section):
    """Arguments of torch.optim.Adam."""

    target: Literal["torch.optim.Adam"] = Field("torch.optim.Adam", alias="_target_")
    lr: Positive = 0.002
    betas: Betas = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: Strength = 0.0
    amsgrad: bool = False
    fused: bool | None = None


class SgdConfig(Section):
    """Arguments of torch.optim.SGD."""

    target: Literal["torch.optim.SGD"] = Field("torch.optim.SGD", alias="_target_")
    lr: Positive = 0.01
    momentum: Strength = 0.0
    dampening: Strength = 0.0
    weight_decay: Strength = 0.0
    nesterov: bool = False
    fused: bool | None = None


class MuonConfig(Section):
    """Arguments of raasid.training.muon.Muon."""

    target: Literal["raasid.training.muon.Muon"] = Field("raasid.training.muon.Muon", alias="_target_")
    lr: Positive = 0.005
    weight_decay: Strength = 0.01
    momentum: Fraction = 0.95
    betas: Betas = (0.9, 0.999)
    eps: Positive = 1e-8


Optimizer = Annotated[
    Annotated[AdamWConfig, Tag("<torch.optim.AdamW>")]
    | Annotated[AdamConfig, Tag("<torch.optim.Adam>")]
    | Annotated[SgdConfig, Tag("<torch.optim.SGD>")]
    | Annotated[MuonConfig, Tag("<raasid.training.muon.Muon>")]
    | Annotated[ForeignSection, Tag("<foreign>")],
    Discriminator(BY_TARGET.of),
]
