"""Whether an ONNX graph computes what the torch model computes."""

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
    """An ONNX graph whose answers are not the model's; it must not be used."""

    def __init__(self, graph: str, port: str, shape: Sequence[int], seen: str, tolerance: float) -> None:
        super().__init__(
            f"{graph}.onnx: output {port!r} for an input of {list(shape)} {seen}, more than the tolerance of "
            f"{tolerance:g} allows; nothing was written. Report it with the checkpoint: the graph does not "
            "compute what the model does"
        )


class NotComputable(RaasidError):
    """An ONNX graph that the runtime does not take, or cannot compute for some size of input."""

    def __init__(self, graph: str, shape: Sequence[int], error: Exception) -> None:
        super().__init__(
            f"{graph}.onnx: onnxruntime cannot compute it for an input of {list(shape)}: "
            f"{str(error).splitlines()[0]}; nothing was written"
        )


@dataclass(frozen=True, slots=True)
class Parity:
    """How well a graph agreed with its model."""

    largest_difference: float
    shapes: tuple[tuple[int, ...], ...]
    """Shapes of the first input that were tried."""
    inputs: tuple[str, ...]
    """What the graph takes: an input that changes nothing is left out of it."""


def check_parity(graph: Graph, file: Path, cases: Sequence[Tensors], tolerance: float) -> Parity:
    """Run both on every case.

    What is computed must agree within `tolerance` everywhere. What is chosen from it must be what the model
    chooses from the runtime's own numbers: that does not depend on which of two equals is called first.
    Raises ParityBroken, NotComputable.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has a dozen classes of its own for this, all undocumented
        raise NotComputable(graph.name, cases[0][0].shape, error) from error
    taken = tuple(port.name for port in session.get_inputs())
    largest = 0.0
    for case in cases:
        given = {
            port.name: x.numpy() for port, x in zip(graph.inputs, case, strict=True) if port.name in taken
        }
        try:
            said = session.run(None, given)
        except Exception as error:  # as above
            raise NotComputable(graph.name, case[0].shape, error) from error
        largest = max(largest, _compare(graph, case, said, tolerance))
    return Parity(largest, tuple(tuple(case[0].shape) for case in cases), taken)


def _compare(graph: Graph, case: Tensors, said: list[Any], tolerance: float) -> float:
    with torch.no_grad():
        dense = graph.net.dense(*case)
    chosen, computed = said[: len(said) - len(dense)], said[len(said) - len(dense) :]
    shape, largest = case[0].shape, 0.0
    ports = graph.outputs[len(chosen) :]
    for port, ours, theirs in zip(ports, dense, computed, strict=True):
        if tuple(ours.shape) != theirs.shape:
            raise ParityBroken(graph.name, port.name, shape, f"has the shape {list(theirs.shape)}", tolerance)
        difference = float(np.abs(ours.numpy() - theirs).max()) if theirs.size else 0.0
        if not difference <= tolerance:  # also what is not a number
            raise ParityBroken(graph.name, port.name, shape, f"differs by {difference:.3g}", tolerance)
        largest = max(largest, difference)
    if chosen:
        with torch.no_grad():
            own = graph.net.decode(case, tuple(torch.from_numpy(array) for array in computed))
        largest = max(largest, _compare_chosen(graph, shape, own, chosen, tolerance))
    return largest


def _compare_chosen(
    graph: Graph, shape: Sequence[int], own: Tensors, chosen: list[Any], tolerance: float
) -> float:
    """Largest difference of a candidate from the one that the other side has in its place."""
    name = ", ".join(port.name for port in graph.outputs[: len(chosen)])
    if any(tuple(a.shape) != b.shape for a, b in zip(own, chosen, strict=True)):
        raise ParityBroken(graph.name, name, shape, f"has the shape {list(chosen[0].shape)}", tolerance)
    tables = [
        np.concatenate([np.asarray(part).reshape(*part.shape[:2], -1) for part in parts], 2)
        for parts in (own, chosen)
    ]
    apart = max((_apart(a, b, tolerance) for a, b in zip(*tables, strict=True)), default=0.0)
    if not apart <= tolerance:
        raise ParityBroken(graph.name, name, shape, f"differs by {apart:.3g} in a candidate", tolerance)
    return apart


def _apart(ours: Array, theirs: Array, tolerance: float) -> float:
    """Largest difference of two tables of candidates (K, F), the last column their scores.

    Scores are compared by rank, candidates each with the nearest of the other table. Left out are those of
    score 0, which are none, and those no better than the last: which of them are kept is chance.
    """
    ranked = [np.sort(table[:, -1]) for table in (ours, theirs)]
    largest = float(np.abs(ranked[0] - ranked[1]).max(initial=0))
    least = max(ranked[0].min(initial=np.inf), 0.0) + tolerance
    for table, other in ((ours, theirs), (theirs, ours)):
        certain = table[table[:, -1] > least]
        if len(certain):
            nearest = np.abs(certain[:, None] - other[None]).max(2).min(1)
            largest = max(largest, float(nearest.max()))
    return largest
