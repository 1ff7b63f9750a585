"""Ball models as graphs: pictures in, candidates out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from raasid.data.ball.batch import BallBatch
from raasid.models.ball.heatmap import BallHeatmap, peaks
from raasid.models.ball.module import BallModule
from raasid.models.export.graph import ExportNet, Graph, Port, Tensors

CANDIDATES = (
    Port(
        "boxes",
        ("batch", "candidates", 4),
        "centre x, centre y, width, height as fractions of the picture's width and height",
    ),
    Port("scores", ("batch", "candidates"), "confidence, 0 to 1; falling, 0 for no candidate"),
)


def image_port(frames: int) -> Port:
    """Pictures as a decoder gives them."""
    meaning = "red, green, blue of 0 to 255; normalised and padded inside"
    if frames > 1:
        meaning += (
            f"; {frames} consecutive frames side by side in the last axis, the one asked about in the middle"
        )
    return Port("images", ("batch", "height", "width", 3 * frames), meaning, "uint8")


def fractions(boxes: Tensor, images: Tensor) -> Tensor:
    """(B, K, 4) x, y, x, y or x, y, w, h in pixels of (B, H, W, C) pictures, as fractions of W and H."""
    edges = [torch.as_tensor(images.shape[axis], dtype=boxes.dtype) for axis in (2, 1, 2, 1)]
    return boxes / torch.stack(edges)


class HeatmapNet(ExportNet):
    """`ball_heatmap` with all the looks that it takes at a picture."""

    def __init__(self, model: BallHeatmap) -> None:
        super().__init__()
        self.model = model

    def dense(self, *inputs: Tensor) -> Tensors:
        """Heat (B, h, w) and box (B, 4, h, w)."""
        return self.model.maps(inputs[0])

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """Boxes (B, K, 4) and scores (B, K)."""
        xy, wh, score = peaks(*dense)
        return fractions(torch.cat([xy, wh], 2), inputs[0]), score


def heatmap_graphs(model: BallHeatmap) -> list[Graph]:
    """One graph: candidates, and the maps that they were read from."""
    cells = ("batch", "rows", "columns")
    maps = (
        Port("heat", cells, "probability that a ball's centre is in the cell of 4 x 4 pixels"),
        Port("box", ("batch", 4, *cells[1:]), "per cell: dx, dy in cells; log of width and height in pixels"),
    )
    facts = ball_facts(model) | {"mirror": model.mirror, "scales": list(model.scales)}
    return [Graph("model", HeatmapNet(model), (image_port(model.frames),), (*CANDIDATES, *maps), feed, facts)]


def feed(batch: BallBatch) -> Tensors:
    """Whole frames."""
    return (batch.images,)


def ball_facts(model: BallModule) -> dict[str, Any]:
    """What turns candidates into an answer."""
    return {"threshold": model.operating_threshold, "frames": model.frames, "answer": "the highest score"}
