"""What is exported: a net with named ports, and how pictures or tracks of our own are fed to it.

Which graphs a model is exported as.

Ports of nets that look at pictures.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from raasid.errors import UsageError
from raasid.lazy import load_object
from raasid.models.module import TaskModule

Tensors = tuple[Tensor, ...]
Axis = int | str
"""A fixed length, or the name of one that may change from call to call."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph."""

    name: str
    axes: tuple[Axis, ...]
    meaning: str
    """Units, order and range, for whoever has nothing but the card."""
    dtype: str = "float32"


class ExportNet(nn.Module):
    """A net in two parts, so that each can be compared with what an ONNX runtime computes.

    `dense` is arithmetic: it may differ by rounding. `decode` chooses among what `dense` gives: on the same
    numbers it chooses the same, but a difference in the last digit may swap two equals.
    """

    @abstractmethod
    def dense(self, *inputs: Tensor) -> Tensors:
        """Compute maps or rows of numbers."""

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """Choose candidates among `dense`: tensors (B, K, …), of which the last is their score (B, K)."""
        return ()

    def forward(self, *inputs: Tensor) -> Tensors:
        """Candidates first, then what they were chosen from."""
        dense = self.dense(*inputs)
        return (*self.decode(inputs, dense), *dense)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """One ONNX file to be."""

    name: str
    """Stem of the file."""
    net: ExportNet
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    """In the order of `ExportNet.forward`."""
    feed: Callable[[Any], Tensors]
    """From a batch of the task's own data to inputs."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else a user of the graph must know, as JSON values."""

    @property
    def dynamic_axes(self) -> dict[str, dict[int, str]]:
        """Names of the axes whose length is free, by port."""
        return {
            port.name: {at: axis for at, axis in enumerate(port.axes) if isinstance(axis, str)}
            for port in (*self.inputs, *self.outputs)
        }


_EXPORTERS = {
    "raasid.models.ball.heatmap.BallHeatmap": "raasid.packaging.onnx.ball:heatmap_graphs",
    "raasid.models.ball.yolo.BallYolo": "raasid.packaging.onnx.ultralytics:ball_yolo_graphs",
    "raasid.models.pose.top_down.PoseTopDown": "raasid.packaging.onnx.top_down:top_down_graphs",
    "raasid.models.pose.yolo.PoseYolo": "raasid.packaging.onnx.ultralytics:pose_yolo_graphs",
    "raasid.models.context.transformer.ContextTransformer": "raasid.packaging.onnx.context:context_graphs",
}
"""By class, and found along a class's parents; imported when asked for, since some load a slow library."""


class NoOnnxExport(UsageError):
    """A model that is not a net, or that nobody has written an export for."""

    def __init__(self, model: TaskModule) -> None:
        known = ", ".join(sorted(name.rpartition(".")[2] for name in _EXPORTERS))
        super().__init__(f"{type(model).__name__} cannot be exported as ONNX; these can: {known}")


def export_graphs(model: TaskModule) -> list[Graph]:
    """Graphs of a model with its weights. Raises NoOnnxExport."""
    for kind in type(model).__mro__:
        made_by = _EXPORTERS.get(f"{kind.__module__}.{kind.__qualname__}")
        if made_by is not None:
            found: list[Graph] = load_object(made_by)(model.eval())
            return found
    raise NoOnnxExport(model)


BOXES = Port(
    "boxes",
    ("batch", "candidates", 4),
    "centre x, centre y, width, height as fractions of the picture's width and height",
)
SCORES = Port("scores", ("batch", "candidates"), "confidence, 0 to 1; falling, 0 for no candidate")


def image_port(frames: int = 1) -> Port:
    """Pictures as a decoder gives them."""
    meaning = "red, green, blue of 0 to 255; normalised and padded inside"
    if frames > 1:
        meaning += (
            f"; {frames} frames in a row side by side in the last axis, the one asked about in the middle"
        )
    return Port("images", ("batch", "height", "width", 3 * frames), meaning, "uint8")


def to_fractions(places: Tensor, images: Tensor) -> Tensor:
    """Pixels of (B, H, W, C) pictures, x and y in turn in the last axis, as fractions of W and H."""
    edges = [torch.as_tensor(images.shape[axis], dtype=places.dtype) for axis in (2, 1)]
    return places / torch.stack(edges * (places.shape[-1] // 2))


def image_inputs(batch: Any) -> Tensors:
    """Whole frames of a batch."""
    return (batch.images,)
