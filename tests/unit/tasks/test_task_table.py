from __future__ import annotations

import re

import pytest

from raasid.evaluation.ball.metrics import ball_metrics
from raasid.evaluation.context.probabilities import BINS
from raasid.evaluation.pose.matched import MIN_IOU, PCK_TORSOS
from raasid.tasks import TASKS, Task, find_task

each_task = pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)


@each_task
def test_the_table_lists_what_it_ranks_models_by(task: Task) -> None:
    assert set(task.primary_metrics) <= task.meanings.keys()
    assert set(task.table_metrics) <= set(task.primary_metrics)
    assert task.table_metrics[0] == task.primary_metric


@each_task
def test_each_metric_is_listed_once(task: Task) -> None:
    assert len(task.meanings) == len(task.metrics)


@each_task
def test_a_task_is_found_by_the_name_of_its_models(task: Task) -> None:
    assert find_task(task.registry_name) is task


def test_a_model_of_another_name_has_no_task() -> None:
    assert find_task("offside_model") is None


def test_every_ball_metric_is_in_the_table() -> None:
    assert TASKS["ball"].meanings.keys() == ball_metrics([]).keys()


@pytest.mark.parametrize(
    ("task", "metric", "constant"),
    [
        ("pose", "pck_torso", PCK_TORSOS),
        ("pose", "found", MIN_IOU),
        ("context", "ece", BINS),
    ],
)
def test_a_number_in_a_meaning_is_the_one_that_the_metric_uses(task, metric, constant) -> None:
    (number,) = re.findall(r"\b\d[\d.]*", TASKS[task].meanings[metric])
    assert float(number) == constant
