"""The columns of the task table: what is known of a task and of each of its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

TaskName = Literal["ball", "pose", "context"]
Better = Literal["higher", "lower"]
Cadence = Literal["weekly", "biweekly", "monthly"]


@dataclass(frozen=True)
class Metric:
    """One figure of an evaluation."""

    name: str
    better: Better | None
    """Which values are the better ones; None: a yardstick that says nothing about the model."""
    meaning: str
    """One line for reports and model cards."""
    reproducible: bool = True
    """Whether the same model on the same data gives the same value again; a time does not."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One of the three tasks, independent of the model that solves it."""

    name: TaskName
    registry_name: str
    """Under which its models are registered."""
    purpose: str
    """What its models do, for a model card."""
    primary_metrics: tuple[str, ...]
    """The metrics that decide, the most important first."""
    table_metrics: tuple[str, ...]
    """Those of them that a table of many versions shows."""
    retrain_below: float
    """Retrain when the first of `evaluation_metrics` falls below this."""
    cadence: Cadence
    """Retrain at least this often."""
    evaluation_metrics: tuple[str, ...]
    """What is watched in service, by the names that a schedule uses."""
    metrics: tuple[Metric, ...]
    """Every metric of an evaluation, in the order of the documentation."""
    metric_aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names that a schedule may use -> the metric that is meant."""

    @property
    def retrain_metric(self) -> str:
        """The metric that `retrain_below` is the bound of."""
        return self.evaluation_metrics[0]

    @property
    def primary_metric(self) -> str:
        """The one metric by which two models are ranked."""
        return self.primary_metrics[0]

    @cached_property
    def meanings(self) -> dict[str, str]:
        """Metric name -> meaning."""
        return {metric.name: metric.meaning for metric in self.metrics}
