"""The rule to beat: the ball lies on an arm in the picture, and the arm stands off the trunk.

The answer that needs no eyes: always what the training split has most often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

import torch

from raasid.datasets.context.batch import Windows, stack
from raasid.datasets.context.body_segments import ARMS, FAR, HIPS, SEGMENTS, gaps, heights, points
from raasid.datasets.context.window import Window
from raasid.errors import UsageError
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, Value, fact_values
from raasid.models.context.module import ClipJudgement, ContextModule
from raasid.models.context.offence import likeliest

_ROLE_KEEPER = 1


class ContextGeometry(ContextModule):
    """No depth, no movement, no intent: what a ruler on the picture can tell.

    A touch is a ball whose edge is within `margin` player heights of hand, forearm or upper arm; it is of the
    arm that is nearest over the window. The arm makes the body bigger from `angle_deg` between upper arm and
    trunk on. Nothing is deliberate, nobody scores, and no movement justifies an arm.
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

    def assess(self, windows: Sequence[Window], clips: Sequence[str], edition: str) -> list[ClipJudgement]:
        """Judge windows, one each."""
        stacked = stack(windows)
        body = points(stacked.joints)
        away, place = _nearest_arm(stacked, body)
        return [
            self._judged(stacked, body, row, window, clip, edition, float(away[row]), int(place[row]))
            for row, (window, clip) in enumerate(zip(windows, clips, strict=True))
        ]

    def _judged(
        self,
        windows: Windows,
        body: torch.Tensor,
        row: int,
        window: Window,
        clip: str,
        edition: str,
        away: float,
        place: int,
    ) -> ClipJudgement:
        frames = windows.valid.shape[1]
        player, rest = divmod(place, frames * len(ARMS))
        frame, arm = divmod(rest, len(ARMS))
        name, side, *_ = SEGMENTS[ARMS[arm]]
        touched = away <= self.margin
        right = side == "right"
        joints = body[row, player, frame]
        angle = _arm_angle_deg(joints, right)
        seen: dict[str, Value] = {
            "segment": name if touched else "none",
            "goalkeeper": int(windows.roles[row, player]) == _ROLE_KEEPER,
            "bigger": angle > self.angle_deg,
            "above_shoulder": bool(joints[9 + right, 1] < joints[5 + right, 1]),
        }
        facts = Facts(
            **seen,  # type: ignore[arg-type]
            in_own_area=True if seen["goalkeeper"] else None,
            deliberate=False,
            justified=not seen["bigger"],
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
        return ClipJudgement(
            clip=clip,
            facts={
                fact: {value: float(value == said) for value in fact_values()[fact]}
                for fact, said in seen.items()
            },
            likeliest=facts,
            ruling=ruling,
            offence=float(ruling.decision == "offence"),
            abstained=blind,
            contact_frame=int(window.origin[frame]) if touched else None,
            contact_track=int(window.tracks[player]) if touched else None,
            side=side if touched else "none",
            reasons=("no ball, or nobody near it",) if blind else (),
            details={"gap": away, "arm_angle_deg": angle},
        )


def _nearest_arm(windows: Windows, body: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(B,) gap of ball and nearest arm in player heights, and where: player, frame and arm in one number."""
    ball = windows.ball[:, None, :, :4]
    distance, known = gaps(body, ball[..., :2].expand(-1, body.shape[1], -1, -1))
    radius = ball[..., 2:4].amin(-1, keepdim=True) / 2
    tall = heights(windows.boxes, windows.present)[..., None, None]
    there = known & windows.present[..., None] & (windows.ball[:, None, :, 4:5] > 0)
    gap = torch.where(there, (distance - radius) / tall, torch.full_like(distance, FAR))[..., list(ARMS)]
    nearest, place = gap.flatten(1).min(-1)
    return nearest, place


def _arm_angle_deg(joints: torch.Tensor, right: bool) -> float:
    """Angle between upper arm and trunk in the picture, 0 for an arm that hangs; joints: (22, 3)."""
    shoulder, elbow, hip = (joints[at + right, :2] for at in (5, 7, 11))
    if float(joints[11 + right, 2]) == 0:
        hip = joints[HIPS, :2]
    upper, trunk = elbow - shoulder, hip - shoulder
    size = torch.linalg.vector_norm(upper) * torch.linalg.vector_norm(trunk)
    if float(size) < 1e-6:
        return 0.0
    return float(torch.rad2deg(torch.acos(((upper * trunk).sum() / size).clamp(-1, 1))))


class NothingCounted(UsageError):
    """A majority of nothing."""

    def __init__(self) -> None:
        super().__init__(
            "model=context_majority: the training split has no clip that can be ruled, so there is no "
            "commonest answer; add clips with facts to it"
        )


class ContextMajority(ContextModule):
    """The share of offences in the training split, for every clip; it counts whenever it meets data."""

    trainable: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Facts] = []

    def acquaint(self, facts: Iterable[Facts]) -> None:
        """Count the training split."""
        self.seen = list(facts)

    def assess(self, windows: Sequence[Window], clips: Sequence[str], edition: str) -> list[ClipJudgement]:
        """The same for everybody. Raises NothingCounted."""
        said = [decide(facts, edition).decision for facts in self.seen]
        ruled = [decision for decision in said if decision is not None]
        if not ruled:
            raise NothingCounted
        share = ruled.count("offence") / len(ruled)
        chances = {name: shares for name in fact_values() if (shares := self._shares(name))}
        named, ruling, _ = likeliest(chances, share >= 0.5, edition)
        return [
            ClipJudgement(
                clip=clip, facts=chances, likeliest=named, ruling=ruling, offence=share, abstained=False
            )
            for clip in clips
        ]

    def _shares(self, name: str) -> dict[Value, float]:
        counted = Counter(value for facts in self.seen if (value := getattr(facts, name)) is not None)
        total = sum(counted.values())
        return {value: counted[value] / total for value in fact_values()[name]} if total else {}
