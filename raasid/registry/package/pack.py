"""From a trained model to the files of a version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.models.export.write import CARD as GRAPHS_CARD
from raasid.models.module import TaskModule
from raasid.registry.errors import PackageRefused
from raasid.registry.package.card import CARD, Card
from raasid.registry.package.json_text import parsed
from raasid.registry.package.kept_state import STATE, state_of
from raasid.registry.package.own_model import own_section
from raasid.registry.package.weights import WEIGHTS, weights_of


def pack(
    model: TaskModule, config: Mapping[str, Any], card: Card, graphs: Path | None = None
) -> dict[str, Path | bytes]:
    """Files for `Registry.register`, by name: weights, what is kept beside them, the card, and graphs.

    config: of the run, as its checkpoint holds it; with `portable(config["model"])` in the manifest the
    module can be built anywhere. graphs: folder in which `raasid export` wrote `*.onnx` and their card.
    Raises PackageRefused: a model that could not be built from its package, or graphs that are not whole.
    """
    own_section(config["model"], "model")
    files: dict[str, Path | bytes] = {
        WEIGHTS: weights_of(model),
        STATE: state_of(model),
        CARD: card.to_json(),
    }
    return files if graphs is None else files | _graphs(graphs)


def _graphs(folder: Path) -> dict[str, Path | bytes]:
    card = folder / GRAPHS_CARD
    try:
        data = card.read_bytes()
        told = {name: entry["sha256"] for name, entry in parsed(data)["graphs"].items()}
        for name, sha256 in told.items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
                raise PackageRefused(
                    str(folder / name), "is not the graph of the card beside it; export again"
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageRefused(str(card), f"is no card of whole graphs ({error}); export again") from error
    return {GRAPHS_CARD: data, **{name: folder / name for name in told}}
