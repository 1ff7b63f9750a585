"""Context baselines without training: a geometric rule, and the majority of the training split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

import torch

from raasid.datasets.context.batch import WindowBatch, stack_windows
from raasid.datasets.context.body_segments import (
    ARMS,
    FAR,
    HIPS,
    SEGMENTS,
    body_heights,
    body_points,
    segment_distances,
)
from raasid.datasets.context.window import TrackWindow
from raasid.errors import UsageError
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, Value, fact_values
from raasid.models.context.module import ContextModule, ContextPrediction
from raasid.models.context.offence import most_likely_facts

_GOALKEEPER = 1
"""Index of the role in `WindowBatch.roles`."""


class ContextGeometry(ContextModule):
    """Ball on an arm segment, and the angle of the arm: without depth, movement or intent.

    A contact is a ball whose edge is within `margin` player heights of hand, forearm or upper arm, namely of
    the arm that is nearest over the window. The arm makes the body bigger from `angle_deg` between upper arm
    and trunk on. No contact counts as deliberate or justified by the movement, and no goal follows.
    After the public rule nadimra/handball-detection: ball box, widened by some pixels, on an arm segment,
    then the angle elbow, shoulder, hip. That code has 50 degrees for the left arm and 10 for the right by
    mistake; here both arms have one threshold.
    """

    trainable: ClassVar[bool] = False

    def __init__(
        self, frames: int = 20, players: int = 3, margin: float = 0.02, angle_deg: float = 42.0
    ) -> None:
        super().__init__(frames, players)
        self.margin, self.angle_deg = margin, angle_deg

    def predict_windows(
        self, windows: Sequence[TrackWindow], clips: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        """Return one prediction per window."""
        stacked = stack_windows(windows)
        body = body_points(stacked.joints)
        distance, position = _nearest_arm(stacked, body)
        return [
            self._prediction(
                stacked, body, row, window, clip, edition, float(distance[row]), int(position[row])
            )
            for row, (window, clip) in enumerate(zip(windows, clips, strict=True))
        ]

    def _prediction(
        self,
        windows: WindowBatch,
        body: torch.Tensor,
        row: int,
        window: TrackWindow,
        clip: str,
        edition: str,
        distance: float,
        position: int,
    ) -> ContextPrediction:
        frames = windows.valid.shape[1]
        player, rest = divmod(position, frames * len(ARMS))
        frame, arm = divmod(rest, len(ARMS))
        name, side, *_ = SEGMENTS[ARMS[arm]]
        touched = distance <= self.margin
        right = side == "right"
        joints = body[row, player, frame]
        angle = _arm_angle_deg(joints, right)
        measured: dict[str, Value] = {
            "segment": name if touched else "none",
            "goalkeeper": int(windows.roles[row, player]) == _GOALKEEPER,
            "bigger": angle > self.angle_deg,
            "above_shoulder": bool(joints[9 + right, 1] < joints[5 + right, 1]),
        }
        facts = Facts(
            **measured,  # type: ignore[arg-type]
            in_own_area=True if measured["goalkeeper"] else None,
            deliberate=False,
            justified=not measured["bigger"],
            own_deflection=False,
            own_play=False,
            close_range=False,
            falling_support=False,
            scored="no",
            chance="no",
            team_mate="no",
        )
        ruling = decide(facts, edition)
        blind = not bool((windows.ball[row, :, 4] > 0).any()) or not bool(windows.present[row].any())
        return ContextPrediction(
            clip=clip,
            facts={
                fact: {value: float(value == true) for value in fact_values()[fact]}
                for fact, true in measured.items()
            },
            most_likely=facts,
            ruling=ruling,
            offence=float(ruling.decision == "offence"),
            abstained=blind,
            contact_frame=int(window.origin[frame]) if touched else None,
            contact_track=int(window.tracks[player]) if touched else None,
            side=side if touched else "none",
            reasons=("no ball, or nobody near it",) if blind else (),
            details={"gap": distance, "arm_angle_deg": angle},
        )


def _nearest_arm(windows: WindowBatch, body: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(B,) distance of the ball to the nearest arm in player heights, and flat index (player, frame, arm)."""
    ball = windows.ball[:, None, :, :4]
    distance, known = segment_distances(body, ball[..., :2].expand(-1, body.shape[1], -1, -1))
    radius = ball[..., 2:4].amin(-1, keepdim=True) / 2
    height = body_heights(windows.boxes, windows.present)[..., None, None]
    valid = known & windows.present[..., None] & (windows.ball[:, None, :, 4:5] > 0)
    gap = torch.where(valid, (distance - radius) / height, torch.full_like(distance, FAR))[..., list(ARMS)]
    nearest, position = gap.flatten(1).min(-1)
    return nearest, position


def _arm_angle_deg(joints: torch.Tensor, right: bool) -> float:
    """Angle between upper arm and trunk in the image, 0 for a hanging arm; joints: (22, 3)."""
    shoulder, elbow, hip = (joints[index + right, :2] for index in (5, 7, 11))
    if float(joints[11 + right, 2]) == 0:
        hip = joints[HIPS, :2]
    upper, trunk = elbow - shoulder, hip - shoulder
    size = torch.linalg.vector_norm(upper) * torch.linalg.vector_norm(trunk)
    if float(size) < 1e-6:
        return 0.0
    return float(torch.rad2deg(torch.acos(((upper * trunk).sum() / size).clamp(-1, 1))))


class NoTrainingLabels(UsageError):
    """The majority baseline was asked for a prediction, but the training split decides nothing."""

    def __init__(self) -> None:
        super().__init__(
            "model=context_majority: the training split has no clip that can be ruled, so there is no "
            "commonest answer; add clips with facts to it"
        )


class ContextMajority(ContextModule):
    """The share of offences in the training split, for every clip."""

    trainable: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.training_facts: list[Facts] = []

    def set_label_counts(self, facts: Iterable[Facts]) -> None:
        """Keep the annotated facts of the training split."""
        self.training_facts = list(facts)

    def predict_windows(
        self, windows: Sequence[TrackWindow], clips: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        """Return the same prediction for every window. Raises NoTrainingLabels."""
        decisions = [decide(facts, edition).decision for facts in self.training_facts]
        known = [decision for decision in decisions if decision is not None]
        if not known:
            raise NoTrainingLabels
        share = known.count("offence") / len(known)
        facts = {name: shares for name in fact_values() if (shares := self._value_shares(name))}
        most_likely, ruling, _ = most_likely_facts(facts, share >= 0.5, edition)
        return [
            ContextPrediction(
                clip=clip, facts=facts, most_likely=most_likely, ruling=ruling, offence=share, abstained=False
            )
            for clip in clips
        ]

    def _value_shares(self, name: str) -> dict[Value, float]:
        counts = Counter(
            value for facts in self.training_facts if (value := getattr(facts, name)) is not None
        )
        total = sum(counts.values())
        return {value: counts[value] / total for value in fact_values()[name]} if total else {}
