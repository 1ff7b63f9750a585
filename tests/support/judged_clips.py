"""Small sets of judged clips: what is true, and a model that is right, wrong, unsure or silent."""

from __future__ import annotations

import numpy as np

from raasid.datasets.context.sample_meta import ClipRef, TracksFrom
from raasid.footage.records import Tags
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, fact_values
from raasid.models.context.module import ClipJudgement

EDITION = "ifab_2025_26"
PLAIN = dict.fromkeys(fact_values(), False) | {
    "segment": "hand",
    "in_own_area": True,
    "scored": "no",
    "chance": "no",
    "team_mate": "no",
    "denied": "nothing",
}


def facts(**changes) -> Facts:
    return Facts(**{**PLAIN, **changes})


OFFENCE = facts(deliberate=True)
TUCKED = facts()
NO_TOUCH = facts(segment="none")


def ref(
    clip: str,
    truth: Facts,
    *,
    match: str = "m1",
    tags: Tags = (),
    contact: int | None = 10,
    side: str = "left",
    source: TracksFrom = "predicted",
) -> ClipRef:
    touched = truth.segment != "none"
    return ClipRef(
        clip, match, truth, source, tags, contact if touched else None, side=side if touched else "none"
    )


def judged(
    clip: str,
    likeliest: Facts,
    offence: float | None = None,
    *,
    sure: float = 0.9,
    abstained: bool = False,
    contact_frame: int | None = 10,
    side: str = "left",
    edition: str = EDITION,
) -> ClipJudgement:
    """A judgement whose every fact has the likeliest value with probability `sure`."""
    ruling = decide(likeliest, edition)
    if offence is None:
        offence = sure if ruling.decision == "offence" else 1 - sure
    touched = likeliest.segment != "none"
    return ClipJudgement(
        clip=clip,
        facts={
            name: {v: sure if v == said else (1 - sure) / (len(values) - 1) for v in values}
            for name, values in fact_values().items()
            if (said := getattr(likeliest, name)) is not None
        },
        likeliest=likeliest,
        ruling=ruling,
        offence=offence,
        abstained=abstained,
        contact_frame=contact_frame if touched else None,
        side=side if touched else "none",
    )


def league(
    matches: int, clips: int, seed: int = 0, source: TracksFrom = "predicted", skill: float = 0.8
) -> tuple[list[ClipRef], list[ClipJudgement]]:
    """Clips of some matches, and a model that is right as often as it says it is."""
    rng = np.random.default_rng(seed)
    refs, judgements = [], []
    for match in range(matches):
        for number in range(clips):
            clip = f"m{match}-c{number}"
            truth = (OFFENCE, TUCKED, NO_TOUCH)[rng.integers(3)]
            sure = rng.uniform(0.5, 1.0) if rng.random() < skill else 0.5
            right = rng.random() < sure
            offence = (truth is OFFENCE) == right
            said = truth if right else (OFFENCE if offence else TUCKED)
            tags = ("night",) if match % 2 else ("day",)
            if truth is NO_TOUCH:
                tags += ("scenario_near_miss",)
            refs.append(ref(clip, truth, match=f"m{match}", tags=tags, source=source))
            moment = 10 + int(rng.integers(-3, 4))
            judgements.append(
                judged(clip, said, sure if offence else 1 - sure, sure=sure, contact_frame=moment,
                       abstained=sure < 0.6)
            )  # fmt: skip
    return refs, judgements
