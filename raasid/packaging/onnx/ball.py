"""ONNX graph of `ball_heatmap`: images in, candidates out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from raasid.models.ball.heatmap import BallHeatmap, find_peaks
from raasid.models.ball.module import BallModule
from raasid.packaging.onnx.graph_spec import (
    BOXES,
    SCORES,
    ExportNet,
    Graph,
    Port,
    Tensors,
    image_inputs,
    image_port,
    to_fractions,
)


class HeatmapExport(ExportNet):
    """`ball_heatmap` with its averaging over the mirror image and additional scales."""

    def __init__(self, model: BallHeatmap) -> None:
        super().__init__()
        self.model = model

    def dense(self, *inputs: Tensor) -> Tensors:
        """Heat (B, h, w) and box (B, 4, h, w)."""
        return self.model.maps(inputs[0])

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """Boxes (B, K, 4) and scores (B, K)."""
        xy, wh, score = find_peaks(*dense)
        return to_fractions(torch.cat([xy, wh], 2), inputs[0]), score


def heatmap_graphs(model: BallHeatmap) -> list[Graph]:
    """Return one graph, of candidates and of the maps that they are decoded from."""
    cells = ("batch", "rows", "columns")
    outputs = (
        BOXES,
        SCORES,
        Port("heat", cells, "probability that a ball's centre is in the cell of 4 x 4 pixels"),
        Port("box", ("batch", 4, *cells[1:]), "per cell: dx, dy in cells; log of width and height in pixels"),
    )
    facts = ball_facts(model) | {"mirror": model.mirror, "scales": list(model.scales)}
    return [Graph("model", HeatmapExport(model), (image_port(model.frames),), outputs, image_inputs, facts)]


def ball_facts(model: BallModule) -> dict[str, Any]:
    """Return what a caller needs to select the ball among candidates."""
    return {"threshold": model.operating_threshold, "frames": model.frames, "answer": "the highest score"}
