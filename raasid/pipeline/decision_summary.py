"""What a check decided and what came of it: a table for people, and one line of JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from raasid.console.tables import print_table
from raasid.console.terminal import out
from raasid.deploy.verdict import GateRefused
from raasid.errors import RaasidError
from raasid.pipeline.replay import FootageLacking
from raasid.triggers.decision_record import Decision
from raasid.triggers.retraining_history import Retraining

if TYPE_CHECKING:
    from raasid.pipeline.check import CheckedModel


class RetrainOutcome(NamedTuple):
    """What `raasid retrain` did about one model."""

    done: Literal["nothing", "retrained", "not_now", "dry_run", "left_to_another", "damaged", "impossible"]
    why: str = ""
    """A sentence; empty if a decision or the gate says it."""
    retraining: Retraining | None = None
    refused: GateRefused | None = None
    error: FootageLacking | None = None
    """Why the retraining was impossible."""


class ModelsLeftOut(RaasidError):
    """Models of which a record is damaged; all others were dealt with."""

    def __init__(self, damaged: Sequence[CheckedModel]) -> None:
        listed = "".join(f"\n  {model.entry.model}: {model.damage}" for model in damaged)
        models = "1 model was" if len(damaged) == 1 else f"{len(damaged)} models were"
        super().__init__(f"{models} left out, for a damaged record:{listed}")


def require_intact(checked: Sequence[CheckedModel]) -> None:
    """Raise ModelsLeftOut if a model was left out."""
    if damaged := [model for model in checked if model.damage is not None]:
        raise ModelsLeftOut(damaged)


def print_decisions(checked: Sequence[CheckedModel]) -> None:
    """Print a table, the reasons, and as the last line the verdict."""
    decisions = _decisions(checked)
    rows = [[d.model, d.champion or "none", d.trigger, d.verdict, d.action or ""] for d in decisions]
    print_table(["model", "champion", "trigger", "verdict", "action"], rows)
    console = out()
    for decision in decisions:
        console.print(f"{decision.model}, {decision.trigger}: {decision.reason}")
    for alert in (alert for model in checked for alert in model.alerts):
        console.print(f"alert: {alert}")
    console.print(f"verdict: {_verdict(checked)[1]}")


def print_json(
    checked: Sequence[CheckedModel],
    outcomes: Mapping[str, RetrainOutcome] | None = None,
    warnings: Sequence[str] = (),
) -> None:
    """Print one line: the verdict, and of each model its decisions, alerts and what was done about it.

    outcomes: by model; None after a check alone.
    """
    verdict, summary = _verdict(checked)
    document = {
        "verdict": verdict,
        "summary": summary,
        "models": [_model(model, None if outcomes is None else outcomes) for model in checked],
        "alerts": [alert for model in checked for alert in model.alerts],
        "warnings": list(warnings),
    }
    out().print(json.dumps(document), markup=False, soft_wrap=True)


def _decisions(checked: Sequence[CheckedModel]) -> list[Decision]:
    return [decision for model in checked for decision in model.decisions]


def _verdict(checked: Sequence[CheckedModel]) -> tuple[str, str]:
    """Return the verdict as a word, and as a sentence."""
    if all(model.champion is None for model in checked):
        return "no_champion", "there is no champion to check; train and register a version first"
    firing = [f"{d.model} ({d.action})" for d in _decisions(checked) if d.verdict == "fire"]
    return ("retrain", f"retrain {', '.join(firing)}") if firing else ("nothing", "nothing to do")


def _model(checked: CheckedModel, outcomes: Mapping[str, RetrainOutcome] | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "model": checked.entry.model,
        "champion": None if checked.champion is None else str(checked.champion),
        "decisions": [
            {
                "trigger": decision.trigger,
                "verdict": decision.verdict,
                "action": decision.action,
                "reason": decision.reason,
                "digest": decision.digest,
                "file": None if (file := checked.files.get(decision.digest)) is None else str(file),
            }
            for decision in checked.decisions
        ],
        "alerts": checked.alerts,
        "error": None if checked.damage is None else str(checked.damage),
    }
    return found if outcomes is None else found | {"retraining": _outcome(outcomes[checked.entry.model])}


def _outcome(outcome: RetrainOutcome) -> dict[str, Any]:
    past = outcome.retraining
    passed = None if past is None else True if past.promoted else None
    return {
        "done": outcome.done,
        "why": outcome.why if outcome.refused is None else str(outcome.refused),
        "decision": None if past is None else past.decision,
        "version": None if past is None else past.version,
        "gate_passed": passed if outcome.refused is None else False,
        "promoted": past is not None and past.promoted,
    }
