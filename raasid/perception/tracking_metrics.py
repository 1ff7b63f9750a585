"""How good tracks are: ball found, persons found, numbers kept, joints near their places.

IDF1 and switches as in Ristani et al. 2016 (arXiv 1609.01775) and CLEAR MOT (Bernardin and Stiefelhagen
2008), with overlaps from `same_persons.SAME` on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from raasid.footage.records import Ball, Clip, Frame, Visibility
from raasid.perception.matching import frame_pairs, is_interpolated, joints_of

_HIT = 4 / 512
"""Distance of a ball that counts as found, as a share of the frame's width: 4 px at 512 x 288."""


@dataclass(frozen=True, slots=True)
class TrackQuality:
    """Figures over all frames; shares in [0, 1], NaN where there is nothing to judge."""

    balls_found: float
    """Share of visible balls with a place (seen or interpolated) that is right."""
    hidden_balls_found: float
    """The same of balls that are covered."""
    balls_false: float
    """Places per frame that are wrong or unwanted."""
    persons_found: float
    persons_false: float
    """Per frame."""
    idf1: float
    switches: int
    """Times that a person goes on under another number."""
    purity: float
    """Share of a person's frames under the number that he has most often."""
    joint_error: float
    """Median distance of told joints that are visible, in heights."""
    joints_within: float
    """Share of visible joints that are told within a tenth of a height."""
    frames: int


def track_quality(true: Sequence[Clip], seen: Sequence[Clip], least_height: float = 0.0) -> TrackQuality:
    """Judge tracks by annotations; persons smaller than `least_height` of the frame are not asked for."""
    pairs = list(frame_pairs(true, seen))
    balls = Counter[str]()
    for pair in pairs:
        balls.update(ball_verdict(pair.true, pair.seen))
    people, numbers, last = Counter[str](), Counter[tuple[str, int, int]](), dict[tuple[str, int], int]()
    far: list[float] = []
    labelled = 0
    for pair in pairs:
        asked = least_height * pair.true.height
        people["false"] += len(pair.unwanted)
        people["missed"] += sum(person.box[3] >= asked for person in pair.unseen)
        for person, other in pair.persons:
            if person.box[3] < asked:
                continue
            people["found"] += 1
            who = (pair.clip, person.track)
            numbers[(*who, other.track)] += 1
            people["switch"] += last.setdefault(who, other.track) != other.track
            last[who] = other.track
            if not is_interpolated(other):
                known, told = joints_of(person), joints_of(other)
                visible = known[:, 2] == 2
                labelled += int(visible.sum())
                both = visible & (told[:, 2] > 0)
                off = np.linalg.norm(known[both, :2] - told[both, :2], axis=1) / max(person.box[3], 1.0)
                far += off.tolist()
    most: defaultdict[tuple[str, int], int] = defaultdict(int)
    for (clip, track, _), count in numbers.items():
        most[clip, track] = max(most[clip, track], count)
    all_told = people["found"] + people["false"]
    wanted = people["found"] + people["missed"]
    return TrackQuality(
        balls_found=_share(balls["found"], balls["found"] + balls["missed"]),
        hidden_balls_found=_share(balls["hidden found"], balls["hidden found"] + balls["hidden missed"]),
        balls_false=_share(balls["false"], len(pairs)),
        persons_found=_share(people["found"], wanted),
        persons_false=_share(people["false"], len(pairs)),
        idf1=_share(2 * _kept(numbers), all_told + wanted),
        switches=people["switch"],
        purity=_share(sum(most.values()), people["found"]),
        joint_error=float(np.median(far)) if far else float("nan"),
        joints_within=_share(float(sum(off < 0.1 for off in far)), labelled),
        frames=len(pairs),
    )


def ball_verdict(true: Frame, seen: Frame) -> list[str]:
    """What became of the match ball: found, missed, hidden found, hidden missed; and false."""
    wanted = true.balls[0] if true.balls and true.balls[0].visibility != Visibility.ABSENT else None
    told = seen.balls[0] if seen.balls else None
    if wanted is None:
        return [] if told is None else ["false"]
    kind = "" if wanted.visible else "hidden "
    if told is not None and is_hit(wanted, told, true.width):
        return [f"{kind}found"]
    return [f"{kind}missed"] if told is None else [f"{kind}missed", "false"]


def is_hit(true: Ball, told: Ball, width: int) -> bool:
    """Whether a ball was told within 4 px at 512 x 288, or within its own radius if that is larger."""
    allowed = max(_HIT * width, 0.5 * max(true.w, true.h))
    return float(np.hypot(true.x - told.x, true.y - told.y)) < allowed


def _kept(numbers: Counter[tuple[str, int, int]]) -> int:
    """Frames in which persons go under the one number that serves all of them best."""
    total = 0
    for clip in {clip for clip, _, _ in numbers}:
        of_clip = {(a, b): n for (c, a, b), n in numbers.items() if c == clip}
        rows, columns = sorted({a for a, _ in of_clip}), sorted({b for _, b in of_clip})
        table = np.array([[of_clip.get((a, b), 0) for b in columns] for a in rows])
        total += int(table[linear_sum_assignment(table, maximize=True)].sum())
    return total


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
