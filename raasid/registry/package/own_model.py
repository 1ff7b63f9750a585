"""From what a manifest records of a model to the module: one of ours, that needs nothing but its package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from raasid.config.build import build
from raasid.config.model_section import model_section
from raasid.config.problems import ConfigProblems
from raasid.config.schema.model import ForeignModelConfig
from raasid.config.schema.section import Section
from raasid.errors import UsageError
from raasid.models.module import TaskModule
from raasid.registry.errors import PackageRefused

_WHERE = "manifest.json"
_STARTS = ("init_from", "weights")
"""Files from which a training began; what came of it is in the package."""
_NET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.yaml")


def own_section(recorded: Mapping[str, Any], where: str = _WHERE) -> Section:
    """The section that describes a model of ours, without files of the machine that trained it.

    Raises PackageRefused: a class that is none of ours, fields that it does not have, a file that the
    package does not hold.
    """
    plain = {key: None if key in _STARTS else value for key, value in recorded.items()}
    try:
        section = model_section(plain)
    except ConfigProblems as error:
        raise PackageRefused(where, f"model: {error}") from error
    if isinstance(section, ForeignModelConfig):
        raise PackageRefused(
            where,
            f"model._target_: {section.target[:120]!r} is no model of this program; nothing else is built",
        )
    for field in type(section).model_fields:
        value = getattr(section, field)
        if isinstance(value, Path):
            raise PackageRefused(
                where, f"model.{field}: {value} is a file of its own, which no package holds"
            )
    net = getattr(section, "net", None)
    if net is not None and (_NET.fullmatch(net) is None or Path(net).exists()):
        raise PackageRefused(
            where, f"model.net: {net[:120]!r} is a file; a package can name nets of the library"
        )
    return section


def own_model(recorded: Mapping[str, Any]) -> TaskModule:
    """The module with the weights that chance gives it; nobody else's chances are touched.

    Raises PackageRefused.
    """
    section = own_section(recorded)
    try:
        with torch.random.fork_rng(devices=[]):
            model: TaskModule = build(section)
    except UsageError as error:
        raise PackageRefused(_WHERE, f"model: {error}") from error
    return model


def portable(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest shall record: plain values, no paths. Raises PackageRefused."""
    told: dict[str, Any] = own_section(recorded, "model").model_dump(mode="json", by_alias=True)
    return told
