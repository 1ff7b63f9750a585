from __future__ import annotations

import pytest

from raasid.cli.registry.version_lookup import primary_metrics, sort_metrics
from raasid.tasks import TASKS, Task


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_tables_show_primary_metrics_of_the_task_the_most_important_first(task: Task) -> None:
    shown = primary_metrics(task.registry_name, [])
    assert shown[0] == task.primary_metric
    assert set(shown) <= set(task.primary_metrics)


def test_primary_metrics_come_first_and_none_is_lost() -> None:
    names = ["ece", "macro_f1", "accuracy", "ece"]
    assert sort_metrics("context_model", names) == ["accuracy", "macro_f1", "ece"]
    assert sort_metrics("ball_model", ["precision"]) == ["precision"]


def test_an_unknown_model_shows_the_first_metrics_that_were_measured() -> None:
    assert primary_metrics("offside_model", ["b", "b", "a", "c"]) == ("b", "a")
