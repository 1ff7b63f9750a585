"""Trigger `new_scenarios`: the footage shows situations that the champion's training data lack.

A situation is a tag of clips (`night`, `snow`, `close_up`). One stray clip is no situation: a tag counts from
a minimum of clips and of matches on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from raasid.config.section import Count, Section
from raasid.triggers.decision_record import Decision, Verdict, without_champion


class ScenarioRule(Section):
    """From which amount of footage on a new tag counts."""

    min_clips: Count = 5
    min_matches: Count = 2


class TagCount(NamedTuple):
    """How much footage carries a tag."""

    clips: int
    matches: int


def decide_new_scenarios(
    model: str,
    champion: str | None,
    current: Mapping[str, TagCount],
    trained_on: Collection[str] | None,
    *,
    inputs: Mapping[str, str],
    edition: str | None = None,
    slot: str | None = None,
    rule: ScenarioRule | None = None,
) -> Decision:
    """Ask for an incremental training if current footage has tags that the training data lack.

    current: tag -> amount of current footage. trained_on: the tags of the champion's training data; None if
    that was not recorded. inputs: digests of the current data, at least. slot: of the regular evaluation.
    """
    if champion is None:
        return without_champion(model, "new_scenarios", inputs)
    rule = rule or ScenarioRule()
    rows = [] if trained_on is None else _new_tags(current, trained_on, rule)
    verdict, reason = _conclude(f"{model} {champion}", rows, trained_on, rule)
    return Decision(
        model=model,
        trigger="new_scenarios",
        edition=edition,
        champion=champion,
        verdict=verdict,
        action="incremental" if verdict == "fire" else None,
        reason=reason,
        evidence=rows,
        thresholds=rule.model_dump(),
        statistics={"current_tags": len(current), "trained_tags": len(set(trained_on or ()))},
        inputs=dict(inputs),
        slot=slot,
    )


def _new_tags(
    current: Mapping[str, TagCount], known: Collection[str], rule: ScenarioRule
) -> list[dict[str, Any]]:
    """Return a row for each new tag, those that count first, then by clips."""
    rows = [
        {
            "tag": tag,
            "clips": count.clips,
            "matches": count.matches,
            "enough": count.clips >= rule.min_clips and count.matches >= rule.min_matches,
        }
        for tag, count in current.items()
        if tag not in known
    ]
    return sorted(rows, key=lambda row: (not row["enough"], -int(row["clips"]), str(row["tag"])))


def _conclude(
    version: str, rows: list[dict[str, Any]], trained_on: Collection[str] | None, rule: ScenarioRule
) -> tuple[Verdict, str]:
    if trained_on is None:
        return "cannot_tell", f"It is not recorded which situations {version} was trained on."
    enough = [row for row in rows if row["enough"]]
    if enough:
        named = ", ".join(_text(row) for row in enough)
        return "fire", f"{version} was trained without {named}: it is trained further on them, with replay."
    if rows:
        named = ", ".join(_text(row) for row in rows)
        return "hold", (
            f"{version} was trained without {named}, which is less than {rule.min_clips} clips "
            f"of {rule.min_matches} matches."
        )
    return "hold", f"{version} was trained on every situation of the current footage."


def _text(row: Mapping[str, Any]) -> str:
    return f"'{row['tag']}' ({row['clips']} clips of {row['matches']} matches)"
