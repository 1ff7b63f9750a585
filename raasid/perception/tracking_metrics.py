"""Quality of predicted tracks: balls and persons found, ids kept, and joint errors.

IDF1 and switches as in Ristani et al. 2016 (arXiv 1609.01775) and CLEAR MOT (Bernardin and Stiefelhagen
2008), with overlaps from `matching.MIN_IOU` on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from raasid.footage.records import Ball, Clip, Frame, Visibility
from raasid.perception.matching import is_interpolated, match_frames, person_joints

_MAX_DISTANCE = 4 / 512
"""Distance below which a ball counts as found, as a share of the frame's width: 4 px at 512 x 288."""


@dataclass(frozen=True, slots=True)
class TrackQuality:
    """Metrics over all frames; shares in [0, 1], NaN without samples."""

    balls_found: float
    """Share of visible balls with a correct position, detected or interpolated."""
    hidden_balls_found: float
    """The same for hidden balls."""
    balls_false: float
    """False positions per frame."""
    persons_found: float
    persons_false: float
    """Per frame."""
    idf1: float
    switches: int
    """Number of times that a person continues under another track id."""
    purity: float
    """Share of a person's frames with its most frequent track id."""
    joint_error: float
    """Median error of predicted visible joints, in heights."""
    joints_within: float
    """Share of visible joints that are predicted within a tenth of a height."""
    frames: int


def measure_track_quality(
    true: Sequence[Clip], predicted: Sequence[Clip], min_height: float = 0.0
) -> TrackQuality:
    """Compare predicted with annotated clips; persons smaller than `min_height` of the frame are optional."""
    pairs = list(match_frames(true, predicted))
    balls = Counter[str]()
    for pair in pairs:
        balls.update(ball_outcomes(pair.true, pair.predicted))
    people, ids, last = Counter[str](), Counter[tuple[str, int, int]](), dict[tuple[str, int], int]()
    errors: list[float] = []
    labelled = 0
    for pair in pairs:
        min_pixels = min_height * pair.true.height
        people["false"] += len(pair.false)
        people["missed"] += sum(person.box[3] >= min_pixels for person in pair.missed)
        for person, prediction in pair.persons:
            if person.box[3] < min_pixels:
                continue
            people["found"] += 1
            key = (pair.clip, person.track)
            ids[(*key, prediction.track)] += 1
            people["switch"] += last.setdefault(key, prediction.track) != prediction.track
            last[key] = prediction.track
            if not is_interpolated(prediction):
                true_joints, joints = person_joints(person), person_joints(prediction)
                visible = true_joints[:, 2] == 2
                labelled += int(visible.sum())
                both = visible & (joints[:, 2] > 0)
                error = np.linalg.norm(true_joints[both, :2] - joints[both, :2], axis=1)
                errors += (error / max(person.box[3], 1.0)).tolist()
    most_frequent: defaultdict[tuple[str, int], int] = defaultdict(int)
    for (clip, track, _), count in ids.items():
        most_frequent[clip, track] = max(most_frequent[clip, track], count)
    num_predicted = people["found"] + people["false"]
    num_true = people["found"] + people["missed"]
    return TrackQuality(
        balls_found=_share(balls["found"], balls["found"] + balls["missed"]),
        hidden_balls_found=_share(balls["hidden found"], balls["hidden found"] + balls["hidden missed"]),
        balls_false=_share(balls["false"], len(pairs)),
        persons_found=_share(people["found"], num_true),
        persons_false=_share(people["false"], len(pairs)),
        idf1=_share(2 * _matched_frames(ids), num_predicted + num_true),
        switches=people["switch"],
        purity=_share(sum(most_frequent.values()), people["found"]),
        joint_error=float(np.median(errors)) if errors else float("nan"),
        joints_within=_share(float(sum(error < 0.1 for error in errors)), labelled),
        frames=len(pairs),
    )


def ball_outcomes(true: Frame, predicted: Frame) -> list[str]:
    """Return the outcomes of a frame's ball: found, missed, hidden found, hidden missed, false."""
    true_ball = true.balls[0] if true.balls and true.balls[0].visibility != Visibility.ABSENT else None
    ball = predicted.balls[0] if predicted.balls else None
    if true_ball is None:
        return [] if ball is None else ["false"]
    kind = "" if true_ball.visible else "hidden "
    if ball is not None and is_ball_hit(true_ball, ball, true.width):
        return [f"{kind}found"]
    return [f"{kind}missed"] if ball is None else [f"{kind}missed", "false"]


def is_ball_hit(true: Ball, predicted: Ball, width: int) -> bool:
    """Whether a ball is predicted within 4 px at 512 x 288, or within its own radius if that is larger."""
    allowed = max(_MAX_DISTANCE * width, 0.5 * max(true.w, true.h))
    return float(np.hypot(true.x - predicted.x, true.y - predicted.y)) < allowed


def _matched_frames(ids: Counter[tuple[str, int, int]]) -> int:
    """Return the number of frames in which persons have their id of the best one-to-one assignment."""
    total = 0
    for clip in {clip for clip, _, _ in ids}:
        of_clip = {(a, b): n for (c, a, b), n in ids.items() if c == clip}
        rows, columns = sorted({a for a, _ in of_clip}), sorted({b for _, b in of_clip})
        table = np.array([[of_clip.get((a, b), 0) for b in columns] for a in rows])
        total += int(table[linear_sum_assignment(table, maximize=True)].sum())
    return total


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
