"""Trigger `rule_change`: an edition of the Laws is in force that the champion was not trained for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import JsonValue

from raasid.laws.edition import Edition
from raasid.laws.edition_lookup import edition_for, get_edition
from raasid.tasks import find_task
from raasid.triggers.decision_record import Decision, Verdict, without_champion


def decide_rule_change(
    model: str,
    champion: str | None,
    trained_for: str | None,
    as_of: date,
    *,
    inputs: Mapping[str, str] | None = None,
    competition: str | None = None,
    slot: str | None = None,
) -> Decision:
    """Ask for a full retraining if the edition in force rules otherwise than the one of the training labels.

    trained_for: name of that edition; None if it was not recorded. as_of: the day whose edition counts: a
    change that is announced fires on its first day in force. competition: as the overlays name theirs.
    slot: of the regular evaluation. The record names the edition in force and not the day, so that all days
    of an edition make the same record. Raises EditionUnknown.
    """
    inputs = inputs or {}
    if champion is None:
        return without_champion(model, "rule_change", inputs)
    in_force = edition_for(as_of, competition)
    trained = None if trained_for is None else get_edition(trained_for)
    verdict, reason = _conclude(model, champion, trained, in_force)
    return Decision(
        model=model,
        trigger="rule_change",
        edition=in_force.id,
        champion=champion,
        verdict=verdict,
        action="full" if verdict == "fire" else None,
        reason=reason,
        evidence=[_row("in force", in_force)] + ([] if trained is None else [_row("trained for", trained)]),
        thresholds={} if competition is None else {"competition": competition},
        inputs=dict(inputs),
        slot=slot,
    )


def rules_alike(one: Edition, other: Edition) -> bool:
    """Whether two editions decide every clip alike: they have the same clauses, restarts and sanctions."""
    return (one.clauses, one.restarts, one.sanctions) == (other.clauses, other.restarts, other.sanctions)


def _conclude(model: str, champion: str, trained: Edition | None, in_force: Edition) -> tuple[Verdict, str]:
    task = find_task(model)
    if task is not None and task.name != "context":
        return "hold", f"{model} finds what can be seen, which no edition of the Laws changes."
    since = "" if in_force.valid_from is None else f", in force since {in_force.valid_from.isoformat()}"
    if trained is None:
        return "cannot_tell", f"It is not recorded for which edition {model} {champion} was trained."
    if trained.id == in_force.id:
        return "hold", f"{model} {champion} was trained for {in_force.id}{since}."
    if rules_alike(trained, in_force):
        return "hold", (
            f"{model} {champion} was trained for {trained.id}; {in_force.id}{since}, rules on handball alike."
        )
    if (trained.valid_from or date.min) > (in_force.valid_from or date.min) and trained.competition is None:
        return "hold", (
            f"{model} {champion} was trained for {trained.id}, which is not in force before "
            f"{trained.valid_from}: the version trained for {in_force.id} should be in service until then."
        )
    return "fire", (
        f"{model} {champion} was trained for {trained.id}, and {in_force.id}{since}, rules otherwise: "
        "labels are derived anew and it is trained in full."
    )


def _row(what: str, edition: Edition) -> dict[str, JsonValue]:
    begin = edition.valid_from
    return {"edition": edition.id, "is": what, "valid_from": None if begin is None else begin.isoformat()}
