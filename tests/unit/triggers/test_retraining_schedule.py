"""The retraining schedule: the shipped file, and every problem of a wrong one at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from raasid.config import conf_dir
from raasid.errors import Exit
from raasid.tasks import TASKS
from raasid.triggers.schedule import (
    ScheduledModels,
    ScheduleProblems,
    ScheduleUnreadable,
    default_schedule,
    load_schedule,
)

WRONG = """
models:
  context_model: {schedule: weakly, trigger_threshold: 90, evaluation_metrics: [acuracy, precision, recall]}
  bal_model: {schedule: monthly}
  pose_model: {schedule: biweekly, trigger_treshold: 0.95, evaluation_metrics: [inference_tme, recall]}
start_hour: 25
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "schedule.yaml"
        path.write_text(text)
        return path

    return write


def test_the_shipped_file_says_what_the_table_of_tasks_says() -> None:
    path = conf_dir() / "retraining_schedule.yaml"

    assert load_schedule(path) == default_schedule()
    assert yaml.safe_load(path.read_text()) == {
        "models": {
            "context_model": {
                "schedule": "weekly",
                "trigger_threshold": 0.90,
                "evaluation_metrics": ["accuracy", "precision", "recall"],
            },
            "pose_model": {
                "schedule": "biweekly",
                "trigger_threshold": 0.95,
                "evaluation_metrics": ["mAP", "inference_time"],
            },
            "ball_model": {
                "schedule": "monthly",
                "trigger_threshold": 0.85,
                "evaluation_metrics": ["detection_rate", "false_positives"],
            },
        }
    }


def test_every_task_can_be_scheduled_under_its_registry_name() -> None:
    assert set(ScheduledModels.model_fields) == {task.registry_name for task in TASKS.values()}


def test_an_entry_names_metrics_as_evaluations_do() -> None:
    (_, pose, _) = default_schedule().entries

    assert (pose.model, pose.cadence, pose.threshold) == ("pose_model", "biweekly", 0.95)
    assert (pose.retrain_metric, pose.other_metrics) == ("mAP", ("inference_time_p95",))
    assert {pose.retrain_metric, *pose.other_metrics} <= pose.task.meanings.keys()


def test_a_schedule_may_leave_models_out(written) -> None:
    ball = "{schedule: weekly, trigger_threshold: 0.8, evaluation_metrics: [detection_rate]}"

    (entry,) = load_schedule(written(f"models: {{ball_model: {ball}}}")).entries

    assert (entry.model, entry.cadence, entry.threshold) == ("ball_model", "weekly", 0.8)
    assert entry.other_metrics == ()


def test_all_problems_are_named_at_once_with_the_nearest_names(written) -> None:
    with pytest.raises(ScheduleProblems) as raised:
        load_schedule(written(WRONG))

    problems = {problem.path: problem.message for problem in raised.value.problems}
    assert raised.value.exit == Exit.USAGE
    assert "schedule.yaml: 8 problems in the schedule" in str(raised.value)
    assert problems["models.context_model.schedule"].endswith("got 'weakly'; did you mean 'weekly'?")
    assert problems["models.context_model.trigger_threshold"] == "must be at most 1, but is 90"
    assert problems["models.context_model.evaluation_metrics"] == (
        "no metric of context_model: 'acuracy'; did you mean 'accuracy'?"
    )
    assert problems["models.bal_model"] == "no such key; did you mean 'models.ball_model'?"
    assert problems["models.pose_model.trigger_treshold"].endswith("'models.pose_model.trigger_threshold'?")
    assert problems["models.pose_model.evaluation_metrics"] == (
        "no metric of pose_model: 'inference_tme'; did you mean 'inference_time'?; "
        "no metric of pose_model: 'recall'; must name 'mAP', to which trigger_threshold applies"
    )
    assert problems["start_hour"] == "must be at most 23, but is 25"


@pytest.mark.parametrize("text", ["", "models: {}", "models: {ball_model: null}"])
def test_a_schedule_without_a_model_is_a_problem(written, text: str) -> None:
    with pytest.raises(ScheduleProblems, match="names no model; there are context_model"):
        load_schedule(written(text))


@pytest.mark.parametrize("text", ["[1]", "a: {", "models: {}\nmodels: {}", "\x00", "- x"])
def test_a_file_that_is_no_schedule_is_refused(written, text: str) -> None:
    with pytest.raises(ScheduleUnreadable, match=r"schedule\.yaml"):
        load_schedule(written(text))


@pytest.mark.parametrize("value", ["[1]", "weekly", "{ball_model: weekly}", "{ball_model: {schedule: [1]}}"])
def test_a_wrong_type_is_a_problem_of_its_key(written, value: str) -> None:
    with pytest.raises(ScheduleProblems, match="models"):
        load_schedule(written(f"models: {value}"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScheduleUnreadable, match="no such file"):
        load_schedule(tmp_path / "none.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_bytes(b"models: \xff\xfe")

    with pytest.raises(ScheduleUnreadable):
        load_schedule(path)
