"""From what the net says about windows to judgements of clips.

From chances of facts to facts that one can name, and the ruling that stands on them.

The chance of an offence from chances of facts, by an edition's clauses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from raasid.datasets.context.batch import SIDES
from raasid.datasets.context.sample_meta import INCIDENT, INCIDENT_SIZES
from raasid.datasets.context.window import Window
from raasid.laws.facts import Value, fact_values
from raasid.models.context.calibration import Calibration
from raasid.models.context.module import ClipJudgement
from raasid.models.context.net import Logits, split_facts
from raasid.models.context.offence import likeliest

LEAST_BALL = 4
"""Frames of a window in which the ball must be seen."""
LEAST_PX = 40.0
"""So tall the player at the ball must be: below it a forearm is five pixels, and an arm a guess."""
REACH = 0.5
"""Heights of the player, 0.9 m: a ball that comes no nearer touches nobody, wherever the detectors err."""


def judged(
    said: Logits,
    windows: Sequence[Window],
    clips: Sequence[str],
    edition: str,
    calibration: Calibration,
    counts: Mapping[str, Sequence[int]],
    direct: bool,
) -> list[ClipJudgement]:
    """Judgements, one for one.

    counts: what the training split had of each fact's values; empty: not told, everything was learned.
    """
    hindered = [unusable(window) for window in windows]
    trusted = calibration.trusted(said) * torch.tensor([float(not why) for why in hindered])
    chances = split_facts(calibration.fact_chances(said, trusted))
    offence = calibration.offence_chance(said, edition, direct, trusted).tolist()
    strange = calibration.strangeness(said).tolist()
    contact = torch.softmax(said.contact, -1)
    sides = said.side.argmax(-1).tolist()
    learned = [
        (i, name, values) for i, (name, values) in enumerate(fact_values().items()) if _varied(counts, name)
    ]
    judgements = []
    for row, (window, clip) in enumerate(zip(windows, clips, strict=True)):
        facts: dict[str, dict[Value, float]] = {
            name: dict(zip(values, chances[i][row].tolist(), strict=True)) for i, name, values in learned
        }
        named, ruling, missing = likeliest(facts, offence[row] >= 0.5, edition)
        sure = max(offence[row], 1 - offence[row])
        reasons = list(hindered[row] or out_of_reach(window))
        usable = not reasons
        if strange[row] >= 1:
            reasons.append(f"unlike anything known: {strange[row]:.1f} times as far off as is allowed")
        if ruling.decision is None:
            reasons.append(f"hinges on what this model has not learned to see: {', '.join(missing)}")
        if trusted[row] and sure < calibration.confidence:
            reasons.append(f"not sure enough: {sure:.2f}, {calibration.confidence:.2f} is needed")
        moment, track = _touch(contact[row], window)
        if named.segment == "none" or not trusted[row]:
            moment, track = None, None
        judgements.append(
            ClipJudgement(
                clip=clip,
                facts=facts,
                likeliest=named,
                ruling=ruling,
                offence=offence[row],
                abstained=bool(reasons),
                contact_frame=moment,
                contact_track=track,
                side=SIDES[sides[row]] if moment is not None else "none",
                reasons=tuple(reasons),
                incident=_incident(said.incident[row]),
                details={
                    "confidence": sure,
                    "contact": float(1 - contact[row, -1]),
                    "strangeness": strange[row],
                    "trusted": float(trusted[row]),
                    "approach": window.approach,
                    "usable": float(usable),
                },
            )
        )
    return judgements


def _varied(counts: Mapping[str, Sequence[int]], name: str) -> bool:
    return not counts or sum(count > 0 for count in counts[name]) > 1


def _touch(contact: torch.Tensor, window: Window) -> tuple[int | None, int | None]:
    """Position in the clip of the likeliest touch, and whose it is."""
    frames = len(window.valid)
    player, frame = divmod(int(contact[:-1].argmax()), frames)
    moment = int(window.origin[frame])
    track = int(window.tracks[player]) if len(contact) > frames + 1 else -1
    return (moment if moment >= 0 else None), (track if track >= 0 else None)


def _incident(logits: torch.Tensor) -> dict[str, dict[str, float]]:
    if not len(logits):
        return {}
    blocks = zip(INCIDENT.items(), torch.split(logits, list(INCIDENT_SIZES)), strict=True)
    return {
        name: dict(zip(classes, torch.softmax(block, -1).tolist(), strict=True))
        for (name, classes), block in blocks
    }


def unusable(window: Window) -> list[str]:
    """Why nobody could judge a window, whatever a net says about it; nothing where one could."""
    reasons = []
    seen = int(np.sum(window.ball_seen))
    if seen < LEAST_BALL:
        reasons.append(f"the ball is seen in {seen} of {int(window.valid.sum())} frames")
    if not bool(window.present.any()):
        return [*reasons, "nobody is near the ball"]
    tall = float(window.boxes[0, :, 3].max())
    if tall < LEAST_PX:
        reasons.append(f"the player at the ball is {tall:.0f} pixels tall; {LEAST_PX:.0f} show an arm")
    if not bool((window.joints[0, ..., 2] > 0).any()):
        reasons.append("no joint of the player at the ball is known")
    return reasons


def out_of_reach(window: Window) -> list[str]:
    """Why there cannot have been a touch, though a net may say so; nothing where there can."""
    if window.approach > REACH:
        return [f"the ball comes no nearer to anybody than {window.approach:.1f} heights of a player"]
    return []
