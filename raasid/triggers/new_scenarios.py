"""Trigger `new_scenarios`: the footage shows situations that the champion's training data lack.

A situation is a tag of clips (`night`, `snow`, `close_up`), or one that no tag names: matches with embeddings
far from everything that the champion was tested on. One stray clip is no situation: both count from a minimum
of clips and of matches on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from raasid.config.section import Count, Probability, Section
from raasid.triggers.decision_record import Decision, Verdict, without_champion

if TYPE_CHECKING:
    from raasid.stats.novelty import Novelty

_MAX_EXAMPLES = 5


class ScenarioRule(Section):
    """From which amount of footage on a new situation counts."""

    min_clips: Count = 5
    min_matches: Count = 2
    alpha: Probability = 0.05
    """Upper limit of the chance that far embeddings of known situations count as new."""


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
    novelty: Novelty | None = None,
    edition: str | None = None,
    slot: str | None = None,
    rule: ScenarioRule | None = None,
) -> Decision:
    """Ask for an incremental training if current footage has situations that the training data lack.

    current: tag -> amount of current footage. trained_on: the tags of the champion's training data; None if
    that was not recorded. inputs: digests of the current data, at least. slot: of the regular evaluation.
    novelty: of the embeddings of current footage; None if the champion has none to compare with.
    """
    if champion is None:
        return without_champion(model, "new_scenarios", inputs)
    rule = rule or ScenarioRule()
    tags = [] if trained_on is None else _new_tags(current, trained_on, rule)
    far = None if novelty is None else _far_embeddings(novelty, rule)
    verdict, reason = _conclude(f"{model} {champion}", tags, far, trained_on, rule)
    return Decision(
        model=model,
        trigger="new_scenarios",
        edition=edition,
        champion=champion,
        verdict=verdict,
        action="incremental" if verdict == "fire" else None,
        reason=reason,
        evidence=tags if far is None else [*tags, far],
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
    version: str,
    rows: list[dict[str, Any]],
    far: dict[str, Any] | None,
    trained_on: Collection[str] | None,
    rule: ScenarioRule,
) -> tuple[Verdict, str]:
    enough = [_text(row) for row in rows if row["enough"]]
    if far is not None and far["enough"]:
        enough.append(_far_text(far))
    if enough:
        named = ", ".join(enough)
        return "fire", f"{version} was trained without {named}: it is trained further on them, with replay."
    if trained_on is None:
        return "cannot_tell", f"It is not recorded which situations {version} was trained on."
    if rows:
        named = ", ".join(_text(row) for row in rows)
        return "hold", (
            f"{version} was trained without {named}, which is less than {rule.min_clips} clips "
            f"of {rule.min_matches} matches."
        )
    return "hold", f"{version} was trained on every situation of the current footage."


def _far_embeddings(novelty: Novelty, rule: ScenarioRule) -> dict[str, Any]:
    """Return the row of what no tag names."""
    matches = {clip.match for clip in novelty.far_clips}
    return {
        "embedding": "far",
        "clips": len(novelty.far_clips),
        "matches": len(matches),
        "of_clips": novelty.clips,
        "of_matches": novelty.matches,
        "reference_matches": novelty.reference_matches,
        "p": _rounded(novelty.p),
        "distance_of_clips": _rounded(novelty.clip_threshold),
        "distance_of_matches": _rounded(novelty.match_threshold),
        "examples": [
            {"clip": clip.clip, "match": clip.match, "distance": _rounded(clip.distance)}
            for clip in novelty.far_clips[:_MAX_EXAMPLES]
        ],
        "enough": novelty.p < rule.alpha
        and len(novelty.far_clips) >= rule.min_clips
        and len(matches) >= rule.min_matches,
    }


def _far_text(row: Mapping[str, Any]) -> str:
    example = f", such as {row['examples'][0]['clip']}" if row["examples"] else ""
    return (
        f"anything like {row['clips']} clips of {row['matches']} matches, which are far from what it knows "
        f"(p = {row['p']:.2g}{example})"
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _text(row: Mapping[str, Any]) -> str:
    return f"'{row['tag']}' ({row['clips']} clips of {row['matches']} matches)"
