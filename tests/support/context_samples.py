"""Small context samples: clips with facts, and predictions that are right, wrong, uncertain or missing."""

from __future__ import annotations

import numpy as np

from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.tracks_config import TrackSource
from raasid.footage.records import Tags
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, fact_values
from raasid.models.context.module import ContextPrediction

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
    source: TrackSource = "predicted",
) -> ClipRef:
    touched = truth.segment != "none"
    return ClipRef(
        clip, match, truth, source, tags, contact if touched else None, side=side if touched else "none"
    )


def predict(
    clip: str,
    most_likely: Facts,
    offence: float | None = None,
    *,
    confidence: float = 0.9,
    abstained: bool = False,
    contact_frame: int | None = 10,
    side: str = "left",
    edition: str = EDITION,
) -> ContextPrediction:
    """A prediction whose every fact has its most likely value with probability `confidence`."""
    ruling = decide(most_likely, edition)
    if offence is None:
        offence = confidence if ruling.decision == "offence" else 1 - confidence
    touched = most_likely.segment != "none"
    return ContextPrediction(
        clip=clip,
        facts={
            name: {v: confidence if v == predicted else (1 - confidence) / (len(values) - 1) for v in values}
            for name, values in fact_values().items()
            if (predicted := getattr(most_likely, name)) is not None
        },
        most_likely=most_likely,
        ruling=ruling,
        offence=offence,
        abstained=abstained,
        contact_frame=contact_frame if touched else None,
        side=side if touched else "none",
    )


def league(
    matches: int, clips: int, seed: int = 0, source: TrackSource = "predicted", skill: float = 0.8
) -> tuple[list[ClipRef], list[ContextPrediction]]:
    """Clips of some matches, and a calibrated model."""
    rng = np.random.default_rng(seed)
    refs, predictions = [], []
    for match in range(matches):
        for number in range(clips):
            clip = f"m{match}-c{number}"
            truth = (OFFENCE, TUCKED, NO_TOUCH)[rng.integers(3)]
            confidence = rng.uniform(0.5, 1.0) if rng.random() < skill else 0.5
            right = rng.random() < confidence
            offence = (truth is OFFENCE) == right
            predicted = truth if right else (OFFENCE if offence else TUCKED)
            tags = ("night",) if match % 2 else ("day",)
            if truth is NO_TOUCH:
                tags += ("scenario_near_miss",)
            refs.append(ref(clip, truth, match=f"m{match}", tags=tags, source=source))
            moment = 10 + int(rng.integers(-3, 4))
            predictions.append(
                predict(
                    clip,
                    predicted,
                    confidence if offence else 1 - confidence,
                    confidence=confidence,
                    contact_frame=moment,
                    abstained=confidence < 0.6,
                )
            )
    return refs, predictions
