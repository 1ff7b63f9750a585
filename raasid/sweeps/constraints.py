"""Constraints of a sweep: what a trial has to keep besides a good value.

`hydra.sweeper.constraints: {val/false_positives: "<= 0.5"}` is about a metric that trainings log, as its last
row in `metrics.csv` has it. The best trial is the best of those that keep all constraints, and samplers learn
from how far the others were off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import Trial

from raasid.config.suggestions import did_you_mean
from raasid.errors import RaasidError, UsageError

_FORM = re.compile(r"\s*(<=|>=)\s*(\S+)\s*")
_KEY = "hydra.sweeper.constraints"


class ConstraintUnknown(RaasidError):
    """A trial that did not log what a constraint is about."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound on a metric."""

    metric: str
    relation: str
    """<= or >=."""
    bound: float

    def excess(self, value: float) -> float:
        """Return how far a value is beyond the bound: 0 or less where it keeps the constraint."""
        return value - self.bound if self.relation == "<=" else self.bound - value

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}"


def read_constraints(section: Any) -> tuple[Constraint, ...]:
    """Read a section `constraints`: metric -> "<= number" or ">= number". Raises UsageError."""
    if section is None:
        return ()
    if not isinstance(section, Mapping):
        raise UsageError(f"{_KEY}: write {{METRIC: '<= NUMBER'}}, not '{section}'")
    return tuple(_read(str(metric), text) for metric, text in section.items())


def _read(metric: str, text: Any) -> Constraint:
    found = _FORM.fullmatch(str(text))
    try:
        bound = float(found[2]) if found else math.nan
    except ValueError:
        bound = math.nan
    if found is None or not math.isfinite(bound):
        raise UsageError(f"{_KEY}: {metric}: write '<= NUMBER' or '>= NUMBER', not '{text}'")
    return Constraint(metric, found[1], bound)


def set_constraints(trial: Trial, constraints: Sequence[Constraint], run_dir: Path, pruned: bool) -> None:
    """Tell the study how far a training is beyond each constraint.

    pruned: its metrics may be missing. Raises ConstraintUnknown.
    """
    for constraint in constraints:
        value = _last_value(constraint.metric, run_dir)
        if value is not None and not math.isnan(value):
            trial.set_constraint(constraint.metric, constraint.excess(value))
        elif not pruned:
            reason = "is NaN" if value is not None else _what_is_logged(constraint.metric, run_dir)
            raise ConstraintUnknown(f"{_KEY}: {constraint.metric} {reason}")


def _last_value(metric: str, run_dir: Path) -> float | None:
    from raasid.training.metrics_csv import last_value

    return last_value(run_dir / "metrics.csv", metric)


def _what_is_logged(metric: str, run_dir: Path) -> str:
    file = run_dir / "metrics.csv"
    if not file.is_file():
        return f"is needed from {file}, which the trial has not written"
    with file.open(encoding="utf-8") as lines:
        columns = lines.readline().strip().split(",")
    hint = did_you_mean(metric, columns)
    return f"is not logged{hint or '; logged are ' + ', '.join(columns)} ({file})"
