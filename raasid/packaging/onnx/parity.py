"""Parity check of an ONNX graph with the torch model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from raasid.errors import RaasidError
from raasid.packaging.onnx.graph_spec import Graph, Tensors

Array = NDArray[np.float32]


class ParityBroken(RaasidError):
    """An ONNX graph whose outputs are not the model's; it must not be used."""

    def __init__(self, graph: str, port: str, shape: Sequence[int], seen: str, tolerance: float) -> None:
        super().__init__(
            f"{graph}.onnx: output {port!r} for an input of {list(shape)} {seen}, more than the tolerance of "
            f"{tolerance:g} allows; nothing was written. Report it with the checkpoint: the graph does not "
            "compute what the model does"
        )


class NotComputable(RaasidError):
    """An ONNX graph that the runtime rejects, or cannot compute for some input size."""

    def __init__(self, graph: str, shape: Sequence[int], error: Exception) -> None:
        super().__init__(
            f"{graph}.onnx: onnxruntime cannot compute it for an input of {list(shape)}: "
            f"{str(error).splitlines()[0]}; nothing was written"
        )


@dataclass(frozen=True, slots=True)
class Parity:
    """Result of a parity check."""

    largest_difference: float
    shapes: tuple[tuple[int, ...], ...]
    """Shapes of the first input that were tested."""
    inputs: tuple[str, ...]
    """Inputs of the graph; the exporter drops those without influence."""


def check_parity(graph: Graph, file: Path, cases: Sequence[Tensors], tolerance: float) -> Parity:
    """Compare graph and model on every case.

    Dense outputs must agree within `tolerance` everywhere. Decoded outputs must be those that the model
    decodes from the runtime's own dense outputs: that does not depend on the order of two equals.
    Raises ParityBroken, NotComputable.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has a dozen classes of its own for this, all undocumented
        raise NotComputable(graph.name, cases[0][0].shape, error) from error
    input_names = tuple(port.name for port in session.get_inputs())
    largest = 0.0
    for case in cases:
        feeds = {
            port.name: x.numpy()
            for port, x in zip(graph.inputs, case, strict=True)
            if port.name in input_names
        }
        try:
            outputs = session.run(None, feeds)
        except Exception as error:  # as above
            raise NotComputable(graph.name, case[0].shape, error) from error
        largest = max(largest, _compare(graph, case, outputs, tolerance))
    return Parity(largest, tuple(tuple(case[0].shape) for case in cases), input_names)


def _compare(graph: Graph, case: Tensors, outputs: list[Any], tolerance: float) -> float:
    with torch.no_grad():
        dense = graph.net.dense(*case)
    decoded, computed = outputs[: len(outputs) - len(dense)], outputs[len(outputs) - len(dense) :]
    shape, largest = case[0].shape, 0.0
    ports = graph.outputs[len(decoded) :]
    for port, ours, theirs in zip(ports, dense, computed, strict=True):
        if tuple(ours.shape) != theirs.shape:
            raise ParityBroken(graph.name, port.name, shape, f"has the shape {list(theirs.shape)}", tolerance)
        difference = float(np.abs(ours.numpy() - theirs).max()) if theirs.size else 0.0
        if not difference <= tolerance:  # also what is not a number
            raise ParityBroken(graph.name, port.name, shape, f"differs by {difference:.3g}", tolerance)
        largest = max(largest, difference)
    if decoded:
        with torch.no_grad():
            own = graph.net.decode(case, tuple(torch.from_numpy(array) for array in computed))
        largest = max(largest, _compare_decoded(graph, shape, own, decoded, tolerance))
    return largest


def _compare_decoded(
    graph: Graph, shape: Sequence[int], own: Tensors, decoded: list[Any], tolerance: float
) -> float:
    """Return the largest difference of a candidate from its counterpart on the other side."""
    name = ", ".join(port.name for port in graph.outputs[: len(decoded)])
    if any(tuple(a.shape) != b.shape for a, b in zip(own, decoded, strict=True)):
        raise ParityBroken(graph.name, name, shape, f"has the shape {list(decoded[0].shape)}", tolerance)
    tables = [
        np.concatenate([np.asarray(part).reshape(*part.shape[:2], -1) for part in parts], 2)
        for parts in (own, decoded)
    ]
    difference = max(
        (_largest_difference(a, b, tolerance) for a, b in zip(*tables, strict=True)), default=0.0
    )
    if not difference <= tolerance:
        raise ParityBroken(graph.name, name, shape, f"differs by {difference:.3g} in a candidate", tolerance)
    return difference


def _largest_difference(ours: Array, theirs: Array, tolerance: float) -> float:
    """Largest difference of two tables of candidates (K, F), the last column their scores.

    Scores are compared by rank, candidates each with the nearest of the other table. Left out are padding of
    score 0, and candidates no better than the last one: which of them are kept is arbitrary.
    """
    ranked = [np.sort(table[:, -1]) for table in (ours, theirs)]
    largest = float(np.abs(ranked[0] - ranked[1]).max(initial=0))
    min_score = max(ranked[0].min(initial=np.inf), 0.0) + tolerance
    for table, other in ((ours, theirs), (theirs, ours)):
        kept = table[table[:, -1] > min_score]
        if len(kept):
            nearest = np.abs(kept[:, None] - other[None]).max(2).min(1)
            largest = max(largest, float(nearest.max()))
    return largest
