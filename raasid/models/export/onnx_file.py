"""Writing a graph as an ONNX file."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch

from raasid.errors import RaasidError
from raasid.models.export.antialias import teach_antialias
from raasid.models.export.graph import Graph, Tensors

OPSET = 18
"""onnxruntime 1.14 and TensorRT 8.6 or later read it."""


class NotExportable(RaasidError):
    """A net with an operation that ONNX does not know."""

    def __init__(self, graph: str, reason: str) -> None:
        super().__init__(f"{graph}.onnx: this net cannot be written as ONNX: {reason}")


def write_onnx(graph: Graph, example: Tensors, file: Path) -> None:
    """Trace the net on `example` and write it; axes that ports give names are free.

    The net must be on the CPU; it is left in evaluation mode.
    Raises NotExportable.
    """
    teach_antialias(OPSET)
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    graph.net.eval()
    with torch.no_grad():
        graph.net(*example)  # what is made at the first call and kept must not become a part of the trace
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer warns of every shape that it turns into a number
            torch.onnx.export(
                graph.net,
                example,
                str(file),
                dynamo=False,  # the newer way needs onnxscript and writes a second file
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
