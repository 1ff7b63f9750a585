"""From a model to a folder of ONNX files with a card; all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from raasid.models.export.graph import Graph, Tensors
from raasid.models.export.onnx_file import OPSET, write_onnx
from raasid.models.export.parity import Parity, check_parity

CARD = "model.json"
_ODD = (13, 7)
"""Rows and columns that are cut off to try a size that nothing divides."""


def write_graphs(
    graphs: Sequence[Graph],
    inputs: Sequence[Tensors],
    folder: Path,
    about: Mapping[str, Any],
    tolerance: float = 1e-4,
) -> tuple[list[Path], dict[str, Parity]]:
    """Write each graph, compare it with its net, and only then show the files.

    inputs: what each graph is compared on, a batch of several. about: facts for the card.
    The card `model.json` comes last: where it is, everything is.
    Raises NotExportable, NotComputable, ParityBroken; `folder` then holds what it held before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parities: dict[str, Parity] = {}
    card: dict[str, Any] = {"format": 1, **about, "graphs": {}}
    with TemporaryDirectory(prefix=".export-", dir=folder) as name:
        drafts = [Path(name, f"{graph.name}.onnx") for graph in graphs]
        for graph, given, draft in zip(graphs, inputs, drafts, strict=True):
            write_onnx(graph, given, draft)
            parities[graph.name] = check_parity(graph, draft, cases(graph, given), tolerance)
            card["graphs"][draft.name] = _entry(graph, draft, parities[graph.name])
        draft = Path(name, CARD)
        draft.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        (folder / CARD).unlink(missing_ok=True)  # an older card must not vouch for newer graphs
        return [one.replace(folder / one.name) for one in (*drafts, draft)], parities


def cases(graph: Graph, inputs: Tensors) -> list[Tensors]:
    """One sample, all samples, and, where height and width are free, a size that no stride divides."""
    found = [tuple(x[:1] for x in inputs), inputs]
    axes = graph.inputs[0].axes
    if "height" in axes and "width" in axes:
        rows, columns = (
            inputs[0].shape[axes.index(axis)] - cut
            for axis, cut in zip(("height", "width"), _ODD, strict=True)
        )
        if rows > 0 and columns > 0:
            found.append((inputs[0][:, :rows, :columns].contiguous(), *inputs[1:]))
    return found


def _entry(graph: Graph, file: Path, parity: Parity) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "opset": OPSET,
        "inputs": [asdict(port) for port in graph.inputs if port.name in parity.inputs],
        "outputs": [asdict(port) for port in graph.outputs],
        "facts": dict(graph.facts),
        "parity": {"largest_difference": parity.largest_difference, "shapes": parity.shapes},
    }
