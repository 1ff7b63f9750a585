"""What is exported: a net with named ports, and how pictures or tracks of our own are fed to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

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
