"""Which graphs a model is exported as."""

from __future__ import annotations

from importlib import import_module

from raasid.errors import UsageError
from raasid.models.export.graph import Graph
from raasid.models.module import TaskModule

_MADE_BY = {
    "raasid.models.ball.heatmap.BallHeatmap": "ball:heatmap_graphs",
    "raasid.models.ball.yolo.BallYolo": "ball_yolo:yolo_graphs",
    "raasid.models.pose.top_down.PoseTopDown": "top_down:top_down_graphs",
    "raasid.models.pose.yolo.PoseYolo": "pose_yolo:yolo_graphs",
    "raasid.models.context.transformer.ContextTransformer": "context:context_graphs",
}
"""By class, and found along a class's parents; imported when asked for, since some load a slow library."""


class NoGraph(UsageError):
    """A model that is not a net, or that nobody has written an export for."""

    def __init__(self, model: TaskModule) -> None:
        known = ", ".join(sorted(name.rpartition(".")[2] for name in _MADE_BY))
        super().__init__(f"{type(model).__name__} cannot be exported as ONNX; these can: {known}")


def graphs_of(model: TaskModule) -> list[Graph]:
    """Graphs of a model with its weights. Raises NoGraph."""
    for kind in type(model).__mro__:
        made_by = _MADE_BY.get(f"{kind.__module__}.{kind.__qualname__}")
        if made_by is not None:
            module, _, function = made_by.partition(":")
            found: list[Graph] = getattr(import_module(f"{__package__}.{module}"), function)(model.eval())
            return found
    raise NoGraph(model)
