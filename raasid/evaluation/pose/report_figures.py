"""Persons enlarged, twice: with the skeletons that are true, and with those that were said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.matched import PoseOutcome
from raasid.evaluation.pose.matching import SIGMAS, oks
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.media import Media
from raasid.footage.records import Mark, Person
from raasid.io.image_header import ImageUnreadable
from raasid.models.pose.poses import People
from raasid.reports.frame_figure import FRAME_KEY, side_by_side

Floats = NDArray[np.float64]

SHOWN = 12
LEAST_BELIEF = 0.1
"""Confidence of a joint, below which it is left out of the picture of a whole pose."""
_MODEL = "model"

KEY = f"Left: as annotated; right, dashed: as the model has it. {FRAME_KEY}"


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One place to show."""

    outcome: PoseOutcome
    box: tuple[float, float, float, float]
    """Left, top, width, height."""
    said: tuple[Person, ...]
    rank: float
    """Least first."""
    words: str


def sights(outcomes: Sequence[PoseOutcome]) -> list[tuple[str, str, list[Sight]]]:
    """Title, meaning and examples of each kind, the most telling first."""
    read = [sight for outcome in outcomes for sight in _read(outcome)]
    missed = [sight for outcome in outcomes for sight in _missed(outcome)]
    wrong = [sight for outcome in outcomes for sight in _wrong(outcome)]
    return [
        ("Furthest off", "With the box given, the joints that resemble the truth least.", read),
        ("Not found", "No box of the model's own is on this person; tallest first.", missed),
        ("Wrong", "With the model's own boxes, poses like nobody's (OKS 0.50); most confident first.", wrong),
        ("Closest", "With the box given, the joints that resemble the truth most.", _backwards(read)),
    ]


def choose(sights: Sequence[Sight], limit: int = SHOWN) -> list[Sight]:
    """The first by rank, taking clips in turn."""
    seen: Counter[str] = Counter()
    turns = []
    for place, sight in enumerate(sorted(sights, key=lambda s: s.rank)):
        clip = sight.outcome.ref.clip
        turns.append((seen[clip], place, sight))
        seen[clip] += 1
    return [sight for *_, sight in sorted(turns, key=lambda turn: turn[:2])[:limit]]


def drawn(chosen: Sequence[Sight]) -> Iterator[str]:
    """A figure for each."""
    with Media() as media:
        for sight in chosen:
            frame = sight.outcome.ref.frame
            clip = f"<b>{escape(sight.outcome.ref.clip)}</b> frame {frame.index}"
            tags = "".join(f" · {escape(tag)}" for tag in sight.outcome.tags[:2])
            caption = f"{clip} · {escape(sight.words)}{tags}"
            try:
                image = media.read(frame)
            except ImageUnreadable as error:
                yield f'<figure class="note">{escape(str(error))}<figcaption>{caption}</figcaption></figure>'
                continue
            views = [replace(frame, balls=(), persons=persons) for persons in (frame.persons, sight.said)]
            yield side_by_side(image, views, sight.box, caption)


def _read(outcome: PoseOutcome) -> Iterator[Sight]:
    truth, said = outcome.truth, outcome.at_truth
    poses = said.keypoints[..., :2].astype(np.float64)
    alike = oks(poses, truth.keypoints[..., :2], truth.labelled, truth.area)
    for k in np.flatnonzero(truth.wanted):
        words = f"OKS {alike[k]:.2f}{_worst(poses[k], truth.keypoints[k], truth.area[k])}"
        box = outcome.ref.frame.persons[k].box
        shown = _person(said, int(k), truth.labelled[k])
        yield Sight(outcome, box, (shown,), float(alike[k]), words)


def _missed(outcome: PoseOutcome) -> Iterator[Sight]:
    said = tuple(_person(outcome.people, k) for k in range(len(outcome.people.score)))
    for k in np.flatnonzero(outcome.truth.wanted & ~outcome.found):
        box = outcome.ref.frame.persons[k].box
        yield Sight(outcome, box, said, -box[3], f"{box[3]:.0f} px tall")


def _wrong(outcome: PoseOutcome) -> Iterator[Sight]:
    order = np.argsort(-outcome.people.score, kind="stable")
    for k in np.flatnonzero(~outcome.own.right[0, 0] & ~outcome.own.ignored[0, 0]):
        score = float(outcome.own.score[k])
        said = _person(outcome.people, int(order[k]))
        yield Sight(outcome, said.box, (said,), -score, f"score {score:.2f}")


def _backwards(sights: Sequence[Sight]) -> list[Sight]:
    return [replace(sight, rank=-sight.rank) for sight in sights]


def _worst(pose: Floats, true: Floats, area: float) -> str:
    """Which joint is furthest off in its own tolerance, in words."""
    off = np.linalg.norm(pose - true[:, :2], axis=1)
    tolerances = np.where(true[:, 2] > 0, off / (2 * SIGMAS * np.sqrt(max(area, 1.0))), -1.0)
    joint = int(tolerances.argmax())
    return f", {KEYPOINTS[joint].replace('_', ' ')} {off[joint]:.0f} px off"


def _person(people: People, k: int, drawn: NDArray[np.bool_] | None = None) -> Person:
    """One of the people; drawn: (17,) joints to show, None for those that the model believes in."""
    if drawn is None:
        drawn = people.keypoints[k, :, 2] >= LEAST_BELIEF
    left, top, right, bottom = people.boxes[k].tolist()
    rows = people.keypoints[k].tolist()
    keypoints = tuple((x, y, 2 if shown else 0) for (x, y, _), shown in zip(rows, drawn, strict=True))
    box = (left, top, right - left, bottom - top)
    return Person(0, "player", box, keypoints=keypoints, mark=Mark(_MODEL, float(people.score[k])))
