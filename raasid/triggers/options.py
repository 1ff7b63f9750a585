"""Config group `trigger`, and the settings of `raasid check` and `raasid retrain`.

This module is light: the schemas of the verbs import it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BeforeValidator, Field

from raasid.collect.options import CollectOptions
from raasid.config.section import File, Section
from raasid.triggers.budget import RetrainingLimits
from raasid.triggers.drift import DriftTriggerRule
from raasid.triggers.futility import FutilityRule
from raasid.triggers.new_scenarios import ScenarioRule
from raasid.triggers.performance import PerformanceRule

TriggerKind = Literal["performance", "drift", "calendar", "new_scenarios", "rule_change"]


def _require_zone(text: str) -> str:
    when = datetime.fromisoformat(text)
    if when.utcoffset() is None:
        raise ValueError(f"'{text}' names no time zone; add +00:00")
    return text


Time = Annotated[str, AfterValidator(_require_zone)]
"""ISO 8601 with an offset."""


class TriggerConfig(Section):
    """Group `trigger`: what asks for a retraining."""

    kinds: list[TriggerKind] = Field(min_length=1)
    """Every trigger decides; the strongest action is taken."""
    schedule: File | None = None
    """File of cadences, thresholds and metrics; null: conf/retraining_schedule.yaml."""
    data: str | None = None
    """A stored version, NAME or NAME@DIGEST, whose labels say how good the champion is, as they arrive late;
    null: the data of the check or the training."""
    performance: PerformanceRule = PerformanceRule()
    drift: DriftTriggerRule = DriftTriggerRule()
    scenarios: ScenarioRule = ScenarioRule()
    futility: FutilityRule = FutilityRule()
    as_of: Time | None = None
    """The time to decide for, as 2026-11-30T03:00+00:00; null: now."""

    def now(self) -> datetime:
        """Return the time to decide for."""
        return datetime.now(UTC) if self.as_of is None else datetime.fromisoformat(self.as_of)


class IncrementalOptions(Section):
    """How the champion is trained further on new situations."""

    replay: Annotated[float, Ge(0), Lt(1)] = 0.5
    """Share of the training frames that the champion was trained on before, so that it does not forget."""
    lr_factor: Annotated[float, Gt(0), Le(1)] = 0.3
    """The learning rate, as a share of the training's own."""


class ActionOptions(Section):
    """How a training follows from the action of a decision."""

    incremental: IncrementalOptions = IncrementalOptions()


class CollectFirst(CollectOptions):
    """What is collected before the champions are checked."""

    source: str | list[str]
    """Files, folders, patterns, lists (`@list.txt`), URLs."""


def _source_alone(value: Any) -> Any:
    return {"source": value} if isinstance(value, str | list) else value


class RetrainOptions(ActionOptions):
    """How `raasid retrain` acts on decisions."""

    collect: Annotated[CollectFirst | None, BeforeValidator(_source_alone)] = None
    """A source, or a section with one and the settings of `raasid collect`; null: nothing is collected."""
    limits: RetrainingLimits = RetrainingLimits()
    dry_run: bool = False
    """Say what would be done, and do nothing."""
    sweep: str | dict[str, str | None] | None = None
    """A preset of `hparams_search`, or one for each model: searched before the gate compares, and the best is
    taken; null: nothing is searched."""
    train: dict[str, list[str] | None] = Field({})
    """Model of the registry -> overrides of `raasid train`; by default `experiment=<task>`."""
