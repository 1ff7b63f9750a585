"""The best trial of a sweep that has ended, and what the application makes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hydra.core.utils import run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict
from optuna.study import Study

from raasid.escaping import printable
from raasid.sweeps.results import best_trials
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.trial_queue import Progress

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BestTrial:
    """The best trial of a study that has ended, as what is made of it has to name it."""

    study: str
    storage: str
    """For people, without a password."""
    trials: int
    """How many have an outcome; parameters that were tried again count once."""
    number: int
    value: float
    direction: str
    """minimize or maximize."""
    params: dict[str, Any]

    def describe(self) -> str:
        """Return a reason for what is made of it."""
        return f"trial {self.number}, the best of the {self.trials} of study {self.study}"

    def to_lineage(self, metric: str) -> dict[str, Any]:
        """Return plain values. metric: that was optimised."""
        values = {key.lstrip("+"): value for key, value in self.params.items()}
        return {
            "name": self.study,
            "storage": self.storage,
            "trials": self.trials,
            "trial": self.number,
            "metric": metric,
            "direction": self.direction,
            "value": self.value,
            "params": values,
        }


def best_trial_of(study: Study, progress: Progress, storage: str) -> BestTrial | None:
    """Return the best trial of a study with one objective; None if no trial is complete.

    storage: for people, without a password.
    """
    found = best_trials(study)
    if len(study.directions) != 1 or not found or found[0].value is None:
        return None
    best, value, direction = found[0], found[0].value, study.direction.name.lower()
    where, params = printable(storage), dict(best.params)
    return BestTrial(study.study_name, where, progress.ended, best.number, value, direction, params)


def finish_best(
    best: BestTrial | None,
    progress: Progress,
    space: SearchSpace,
    config: DictConfig,
    context: HydraContext,
    task: TaskFunction,
) -> None:
    """Run what the application does with the best trial, in its directory and with its configuration.

    That is `task.for_best(best)`; most applications have no such method, and nothing is done.
    config: of the sweep, with its `hydra` part. Raises what the application raises.
    """
    make: Callable[[BestTrial], TaskFunction | None] = getattr(task, "for_best", lambda _: None)
    if best is None or (job := make(best)) is None:
        return
    if left := progress.waiting + progress.running:
        _log.info("%d trials have not ended elsewhere; the process that ends the last one goes on", left)
        return
    overrides = [*space.overrides(best.params), "hydra.output_subdir=null"]
    of_trial = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(of_trial):
        of_trial.hydra.job.id = of_trial.hydra.job.num = best.number
    done = run_job(
        task_function=job,
        config=of_trial,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=context,
        configure_logging=False,
    )
    done.return_value  # noqa: B018  raises what the job raised
