"""Decode network outputs into predictions for clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from raasid.datasets.context.batch import SIDES
from raasid.datasets.context.sample_meta import INCIDENT, INCIDENT_SIZES
from raasid.datasets.context.window import TrackWindow
from raasid.laws.facts import Value, fact_values
from raasid.models.context.calibration import Calibration
from raasid.models.context.module import ContextPrediction
from raasid.models.context.net import Logits, split_facts
from raasid.models.context.offence import most_likely_facts

MIN_BALL_FRAMES = 4
"""Frames of a window in which the ball has to be detected."""
MIN_PLAYER_HEIGHT_PX = 40.0
"""Of the player at the ball: in a smaller one a forearm is five pixels, and its position a guess."""
MAX_CONTACT_DISTANCE = 0.5
"""Heights of the player, 0.9 m: a ball that stays farther away is not touched, whatever detectors err."""


def decode_predictions(
    logits: Logits,
    windows: Sequence[TrackWindow],
    clips: Sequence[str],
    edition: str,
    calibration: Calibration,
    label_counts: Mapping[str, Sequence[int]],
    direct: bool,
) -> list[ContextPrediction]:
    """Return one prediction per window, on the CPU.

    clips: the name of each window's clip. label_counts: how often the training split has each value of each
    fact; facts that never varied are left out. Empty: all are predicted. direct: see `Calibration`.
    """
    unusable = [unusable_reasons(window) for window in windows]
    weight = calibration.in_distribution_weight(logits)
    weight = weight * torch.tensor([float(not reasons) for reasons in unusable])
    probabilities = split_facts(calibration.fact_probabilities(logits, weight))
    offence = calibration.offence_probability(logits, edition, direct, weight).tolist()
    ood_scores = calibration.ood_score(logits).tolist()
    contact = torch.softmax(logits.contact, -1)
    sides = logits.side.argmax(-1).tolist()
    learned = [
        (i, name, values)
        for i, (name, values) in enumerate(fact_values().items())
        if _varied(label_counts, name)
    ]
    predictions = []
    for row, (window, clip) in enumerate(zip(windows, clips, strict=True)):
        facts: dict[str, dict[Value, float]] = {
            name: dict(zip(values, probabilities[i][row].tolist(), strict=True))
            for i, name, values in learned
        }
        most_likely, ruling, missing = most_likely_facts(facts, offence[row] >= 0.5, edition)
        confidence = max(offence[row], 1 - offence[row])
        reasons = list(unusable[row] or no_contact_reasons(window))
        usable = not reasons
        if ood_scores[row] >= 1:
            reasons.append(f"unlike anything known: {ood_scores[row]:.1f} times as far off as is allowed")
        if ruling.decision is None:
            reasons.append(f"hinges on what this model has not learned to see: {', '.join(missing)}")
        if weight[row] and confidence < calibration.min_confidence:
            reasons.append(f"not sure enough: {confidence:.2f}, {calibration.min_confidence:.2f} is needed")
        frame, track = _contact(contact[row], window)
        if most_likely.segment == "none" or not weight[row]:
            frame, track = None, None
        predictions.append(
            ContextPrediction(
                clip=clip,
                facts=facts,
                most_likely=most_likely,
                ruling=ruling,
                offence=offence[row],
                abstained=bool(reasons),
                contact_frame=frame,
                contact_track=track,
                side=SIDES[sides[row]] if frame is not None else "none",
                reasons=tuple(reasons),
                incident=_incident(logits.incident[row]),
                details={
                    "confidence": confidence,
                    "contact": float(1 - contact[row, -1]),
                    "ood_score": ood_scores[row],
                    "in_distribution_weight": float(weight[row]),
                    "approach": window.approach,
                    "usable": float(usable),
                },
            )
        )
    return predictions


def unusable_reasons(window: TrackWindow) -> list[str]:
    """Return why a window shows too little for any prediction; empty if it shows enough."""
    reasons = []
    detected = int(np.sum(window.ball_seen))
    if detected < MIN_BALL_FRAMES:
        reasons.append(f"the ball is seen in {detected} of {int(window.valid.sum())} frames")
    if not bool(window.present.any()):
        return [*reasons, "nobody is near the ball"]
    height = float(window.boxes[0, :, 3].max())
    if height < MIN_PLAYER_HEIGHT_PX:
        reasons.append(
            f"the player at the ball is {height:.0f} pixels tall; {MIN_PLAYER_HEIGHT_PX:.0f} show an arm"
        )
    if not bool((window.joints[0, ..., 2] > 0).any()):
        reasons.append("no joint of the player at the ball is known")
    return reasons


def no_contact_reasons(window: TrackWindow) -> list[str]:
    """Return why a contact is impossible, whatever a net predicts; empty if it is possible."""
    if window.approach > MAX_CONTACT_DISTANCE:
        return [f"the ball comes no nearer to anybody than {window.approach:.1f} heights of a player"]
    return []


def _varied(label_counts: Mapping[str, Sequence[int]], name: str) -> bool:
    return not label_counts or sum(count > 0 for count in label_counts[name]) > 1


def _contact(probabilities: torch.Tensor, window: TrackWindow) -> tuple[int | None, int | None]:
    """Return the index in the clip of the most likely contact's frame, and the player's track."""
    frames = len(window.valid)
    player, frame = divmod(int(probabilities[:-1].argmax()), frames)
    index = int(window.origin[frame])
    track = int(window.tracks[player]) if len(probabilities) > frames + 1 else -1
    return (index if index >= 0 else None), (track if track >= 0 else None)


def _incident(logits: torch.Tensor) -> dict[str, dict[str, float]]:
    if not len(logits):
        return {}
    blocks = zip(INCIDENT.items(), torch.split(logits, list(INCIDENT_SIZES)), strict=True)
    return {
        name: dict(zip(classes, torch.softmax(block, -1).tolist(), strict=True))
        for (name, classes), block in blocks
    }
