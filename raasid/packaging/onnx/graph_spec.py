"""Specification of exported graphs: a net with named ports, and how batches of ours are fed to it."""

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
    """Units, order and range, for callers who have nothing but the card."""
    dtype: str = "float32"


class ExportNet(nn.Module):
    """A net in two parts, so that each can be compared with an ONNX runtime.

    `dense` is arithmetic: it may differ by rounding. `decode` selects among the outputs of `dense`: on the
    same numbers it selects the same, but a difference in the last digit may swap two equals.
    """

    @abstractmethod
    def dense(self, *inputs: Tensor) -> Tensors:
        """Compute maps or rows of numbers."""

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """Select candidates among `dense`: tensors (B, K, …), of which the last is their score (B, K)."""
        return ()

    def forward(self, *inputs: Tensor) -> Tensors:
        """Return the outputs of `decode`, then those of `dense`."""
        dense = self.dense(*inputs)
        return (*self.decode(inputs, dense), *dense)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Specification of one ONNX file."""

    name: str
    """Stem of the file."""
    net: ExportNet
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    """In the order of `ExportNet.forward`."""
    feed: Callable[[Any], Tensors]
    """Converts a batch of the task's datamodule into inputs."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else a caller of the graph has to know, as JSON values."""

    @property
    def dynamic_axes(self) -> dict[str, dict[int, str]]:
        """By port, the names of the axes whose length is free."""
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
"""Class -> function that specifies its graphs; also used for subclasses. Some import a slow library."""


class NoOnnxExport(UsageError):
    """A model that is not a net, or for which no export is implemented."""

    def __init__(self, model: TaskModule) -> None:
        known = ", ".join(sorted(name.rpartition(".")[2] for name in _EXPORTERS))
        super().__init__(f"{type(model).__name__} cannot be exported as ONNX; these can: {known}")


def export_graphs(model: TaskModule) -> list[Graph]:
    """Return the graphs of a model with its weights. Raises NoOnnxExport."""
    for cls in type(model).__mro__:
        exporter = _EXPORTERS.get(f"{cls.__module__}.{cls.__qualname__}")
        if exporter is not None:
            graphs: list[Graph] = load_object(exporter)(model.eval())
            return graphs
    raise NoOnnxExport(model)


BOXES = Port(
    "boxes",
    ("batch", "candidates", 4),
    "centre x, centre y, width, height as fractions of the image's width and height",
)
SCORES = Port("scores", ("batch", "candidates"), "confidence, 0 to 1; falling, 0 for no candidate")


def image_port(frames: int = 1) -> Port:
    """Return the port of decoded images."""
    meaning = "red, green, blue of 0 to 255; normalised and padded inside"
    if frames > 1:
        meaning += (
            f"; {frames} frames in a row side by side in the last axis, the one asked about in the middle"
        )
    return Port("images", ("batch", "height", "width", 3 * frames), meaning, "uint8")


def to_fractions(pixels: Tensor, images: Tensor) -> Tensor:
    """Pixels of (B, H, W, C) images, x and y in turn in the last axis -> fractions of W and H."""
    edges = [torch.as_tensor(images.shape[axis], dtype=pixels.dtype) for axis in (2, 1)]
    return pixels / torch.stack(edges * (pixels.shape[-1] // 2))


def image_inputs(batch: Any) -> Tensors:
    """Return the images of a batch, the only input."""
    return (batch.images,)
