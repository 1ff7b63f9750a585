"""Write the graphs of a model as ONNX files with a card, checked against torch; all of them, or none."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from raasid.errors import RaasidError
from raasid.io.atomic import StagedFolder, make_folder, sync_file, write_synced
from raasid.io.disk_full import naming_full_disk
from raasid.packaging.onnx.graph_spec import Graph, Tensors
from raasid.packaging.onnx.parity import Parity, check_parity

_OPERATION = "aten::_upsample_bilinear2d_aa"


def register_antialias_symbolic(opset: int) -> None:
    """Register antialiased bilinear `interpolate`, which torch's exporter lacks, as ONNX's Resize.

    opset: 18 or later.
    """
    torch.onnx.register_custom_op_symbolic(_OPERATION, _resize, opset)  # type: ignore[attr-defined]


def _resize(g: Any, planes: Any, size: Any, *_: Any) -> Any:
    whole = g.op("Shape", planes, start_i=0, end_i=2)
    sizes = g.op("Concat", whole, g.op("Cast", size, to_i=torch.onnx.TensorProtoDataType.INT64), axis_i=0)
    none = g.op("Constant", value_t=torch.tensor([], dtype=torch.float32))
    return g.op(
        "Resize",
        planes,
        none,
        none,
        sizes,
        antialias_i=1,
        exclude_outside_i=1,
        coordinate_transformation_mode_s="half_pixel",
        mode_s="linear",
    )


OPSET = 18
"""onnxruntime 1.14 and TensorRT 8.6 or later read it."""


class NotExportable(RaasidError):
    """A net with an operation that ONNX does not have."""

    def __init__(self, graph: str, reason: str) -> None:
        super().__init__(f"{graph}.onnx: this net cannot be written as ONNX: {reason}")


def write_onnx(graph: Graph, example: Tensors, file: Path) -> None:
    """Trace the net on `example` and write it; named axes of the ports are free.

    The net must be on the CPU; it is left in evaluation mode.
    Raises NotExportable, DiskFull.
    """
    register_antialias_symbolic(OPSET)
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    graph.net.eval()
    size = sum(weights.nbytes for weights in graph.net.parameters())
    with torch.no_grad():
        graph.net(*example)  # what the first call caches must not become a part of the trace
    try:
        with warnings.catch_warnings(), naming_full_disk(file.parent, file.name, size):
            warnings.simplefilter("ignore")  # the tracer warns of every shape that it turns into a number
            torch.onnx.export(
                graph.net,
                example,
                str(file),
                dynamo=False,  # the newer exporter needs onnxscript and writes a second file
                opset_version=OPSET,
                input_names=[port.name for port in graph.inputs],
                output_names=[port.name for port in graph.outputs],
                dynamic_axes=graph.dynamic_axes,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise NotExportable(graph.name, lines[0] if lines else type(error).__name__) from error
    finally:
        quiet.setLevel(level)


CARD = "model.json"
_CUT_OFF = (13, 7)
"""Rows and columns that are cut off to test a size that no stride divides."""


def write_graphs(
    graphs: Sequence[Graph],
    inputs: Sequence[Tensors],
    folder: Path,
    about: Mapping[str, Any],
    tolerance: float = 1e-4,
) -> tuple[list[Path], dict[str, Parity]]:
    """Write each graph, compare it with its net, and only then publish the files.

    inputs: inputs on which each graph is compared, a batch of several. about: facts for the card.
    The card `model.json` is written last: where it is, the export is complete.
    Raises NotExportable, NotComputable, ParityBroken, DiskFull; `folder` is then unchanged.
    """
    make_folder(folder)
    parities: dict[str, Parity] = {}
    card: dict[str, Any] = {"format": 1, **about, "graphs": {}}
    with StagedFolder(folder, "export") as staged:
        drafts = [staged.path / f"{graph.name}.onnx" for graph in graphs]
        for graph, given, draft in zip(graphs, inputs, drafts, strict=True):
            write_onnx(graph, given, draft)
            sync_file(draft)
            parities[graph.name] = check_parity(graph, draft, parity_cases(graph, given), tolerance)
            card["graphs"][draft.name] = _entry(graph, draft, parities[graph.name])
        draft = staged.path / CARD
        write_synced(draft, json.dumps(card, indent=1) + "\n")
        (folder / CARD).unlink(missing_ok=True)  # an older card must not vouch for newer graphs
        return [one.replace(folder / one.name) for one in (*drafts, draft)], parities


def parity_cases(graph: Graph, inputs: Tensors) -> list[Tensors]:
    """Return one sample, all samples, and a size that no stride divides if height and width are free."""
    found = [tuple(x[:1] for x in inputs), inputs]
    axes = graph.inputs[0].axes
    if "height" in axes and "width" in axes:
        rows, columns = (
            inputs[0].shape[axes.index(axis)] - cut
            for axis, cut in zip(("height", "width"), _CUT_OFF, strict=True)
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
