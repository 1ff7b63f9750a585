"""The retraining schedule: how often each model is evaluated, by which metrics, and when it is retrained.

A user's file; `conf/retraining_schedule.yaml` is one:

    models:
      ball_model: {schedule: monthly, trigger_threshold: 0.85, evaluation_metrics: [detection_rate]}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import field_validator
from pydantic_core import PydanticCustomError
from yaml import YAMLError

from raasid.config.error_messages import ConfigProblems, Problem
from raasid.config.section import Fraction, Section
from raasid.config.suggestions import did_you_mean, nearest
from raasid.config.validation import check
from raasid.errors import UsageError
from raasid.tasks import TASKS, Cadence, Task, TaskName


class ScheduleUnreadable(UsageError):
    """A schedule file that is missing or is not YAML."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"trigger.schedule: {path}: {reason}; conf/retraining_schedule.yaml is an example to start from"
        )


class ScheduleProblems(ConfigProblems):
    """A schedule file that holds something wrong; lists every problem."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.args = (f"{path}: {self.args[0].replace('configuration', 'schedule', 1)}",)


class ModelSchedule(Section):
    """Cadence, threshold and metrics of one model."""

    task: ClassVar[TaskName]

    schedule: Cadence
    """How often it is evaluated and, at a slot, retrained."""
    trigger_threshold: Fraction
    """Retrain now when the task's retrain metric (accuracy, mAP, detection_rate) is below this."""
    evaluation_metrics: list[str]
    """The retrain metric, and others that alarm when they get worse than at the champion's registration."""

    @field_validator("evaluation_metrics")
    @classmethod
    def _check_metrics(cls, names: list[str]) -> list[str]:
        task = TASKS[cls.task]
        known = [*task.meanings, *task.metric_aliases]
        wrong = [
            f"no metric of {task.registry_name}: '{name}'{did_you_mean(name, known)}"
            for name in names
            if name not in known
        ]
        wrong += [f"named twice: '{name}'" for name in dict.fromkeys(names) if names.count(name) > 1]
        meant = {nearest(name, known) for name in names}
        if task.retrain_metric not in {*names, *meant}:
            wrong.append(f"must name '{task.retrain_metric}', to which trigger_threshold applies")
        if wrong:
            raise PydanticCustomError("no_such_name", "{problems}", {"problems": "; ".join(wrong)})
        return names


class ContextSchedule(ModelSchedule):
    """Schedule of `context_model`."""

    task = "context"


class PoseSchedule(ModelSchedule):
    """Schedule of `pose_model`."""

    task = "pose"


class BallSchedule(ModelSchedule):
    """Schedule of `ball_model`."""

    task = "ball"


class ScheduledModels(Section):
    """The models that are kept; one that is left out is neither checked nor retrained."""

    context_model: ContextSchedule | None = None
    pose_model: PoseSchedule | None = None
    ball_model: BallSchedule | None = None


class RetrainingSchedule(Section):
    """A schedule file."""

    models: ScheduledModels = ScheduledModels()
    start_hour: Annotated[int, Ge(0), Le(23)] = 3
    """Hour of the day (UTC) at which slots begin."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Yield an error if no model is named."""
        if not self.entries:
            yield "models", f"names no model; there are {', '.join(ScheduledModels.model_fields)}"

    @property
    def entries(self) -> tuple[ScheduleEntry, ...]:
        """The scheduled models, in the order of the file's documentation."""
        return tuple(
            ScheduleEntry(name, TASKS[section.task], section, self.start_hour)
            for name in ScheduledModels.model_fields
            if (section := getattr(self.models, name)) is not None
        )


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One model of a schedule, with the names of metrics as evaluations use them."""

    model: str
    """Its registry name."""
    task: Task
    section: ModelSchedule
    start_hour: int = 3
    """UTC."""

    @property
    def cadence(self) -> Cadence:
        """How often."""
        return self.section.schedule

    @property
    def threshold(self) -> float:
        """Bound of `retrain_metric`."""
        return self.section.trigger_threshold

    @property
    def retrain_metric(self) -> str:
        """The metric to which the threshold applies."""
        return self.task.retrain_metric

    @property
    def other_metrics(self) -> tuple[str, ...]:
        """The other watched metrics, in the order of the file."""
        names = self.section.evaluation_metrics
        return tuple(
            self.task.metric_aliases.get(name, name) for name in names if name != self.task.retrain_metric
        )


def load_schedule(path: Path) -> RetrainingSchedule:
    """Read a schedule file. Raises ScheduleUnreadable, and ScheduleProblems with everything that is wrong."""
    try:
        tree = OmegaConf.load(path)
    except FileNotFoundError as error:
        raise ScheduleUnreadable(path, "no such file") from error
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise ScheduleUnreadable(path, " ".join(str(error).split())) from error
    if not isinstance(tree, DictConfig):
        raise ScheduleUnreadable(path, "holds a list, not a mapping with the key 'models'")
    checked = check(RetrainingSchedule, tree)
    if checked.config is None:
        raise ScheduleProblems(path, checked.problems)
    return checked.config


def default_schedule() -> RetrainingSchedule:
    """Return the schedule that the table of tasks states."""
    return RetrainingSchedule.model_validate(
        {
            "models": {
                task.registry_name: {
                    "schedule": task.cadence,
                    "trigger_threshold": task.retrain_below,
                    "evaluation_metrics": list(task.evaluation_metrics),
                }
                for task in TASKS.values()
            }
        }
    )
