"""Annotated clips beside the same clips as models see them: who was seen as whom, frame by frame.

Which annotated persons were seen, and as whom: by overlap of their boxes.

Whether somebody's left arm was told as the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from raasid.errors import DataError
from raasid.footage.records import Clip, Frame, Person
from raasid.geometry import iou_xywh
from raasid.perception.to_records import INTERPOLATED
from raasid.tracks.perturbations import ARM_JOINTS, SWAPPED

SAME = 0.4
"""Intersection over union from which a person counts as seen."""


def matched(true: Sequence[Person], seen: Sequence[Person]) -> list[tuple[int, int]]:
    """Pairs of places in both lists, each place at most once; the sum of the overlaps is the largest."""
    if not true or not seen:
        return []
    shared = iou_xywh(_boxes(true), _boxes(seen))
    rows, columns = linear_sum_assignment(np.where(shared >= SAME, shared, 0), maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if shared[i, j] >= SAME]


def same_person(person: Person, seen: Sequence[Person]) -> int | None:
    """The track of whoever was seen in a person's place; None for nobody."""
    pairs = matched([person], seen)
    return seen[pairs[0][1]].track if pairs else None


def _boxes(persons: Sequence[Person]) -> NDArray[np.float32]:
    return np.array([person.box for person in persons], np.float32).reshape(-1, 4)


class NotTheSameClips(DataError):
    """Two lists of clips that are not the same footage."""

    def __init__(self, clip: str, reason: str) -> None:
        super().__init__(f"{clip}: {reason}; give the same clips, annotated and as they were perceived")


@dataclass(frozen=True, slots=True)
class FramePair:
    """One frame, annotated and seen."""

    clip: str
    true: Frame
    seen: Frame
    frame_rate_hz: float
    persons: tuple[tuple[Person, Person], ...]
    """Annotated persons and who was seen in their place, interpolated ones too."""

    @property
    def unseen(self) -> list[Person]:
        """Annotated persons in whose place nobody was."""
        there = {true.track for true, _ in self.persons}
        return [person for person in self.true.persons if person.track not in there and not person.crowd]

    @property
    def unwanted(self) -> list[Person]:
        """Persons seen where nobody is annotated."""
        there = {seen.track for _, seen in self.persons}
        return [person for person in self.seen.persons if person.track not in there]


def frame_pairs(true: Sequence[Clip], seen: Sequence[Clip]) -> Iterator[FramePair]:
    """Every frame of clips that are in both lists, by their ids. Raises NotTheSameClips."""
    as_seen = {clip.id: clip for clip in seen}
    for clip in true:
        other = as_seen.get(clip.id)
        if other is None:
            raise NotTheSameClips(clip.id, "nobody has looked at it")
        if [f.index for f in clip.frames] != [f.index for f in other.frames]:
            raise NotTheSameClips(clip.id, f"{len(clip.frames)} frames, but {len(other.frames)} were seen")
        for own, its in zip(clip.frames, other.frames, strict=True):
            pairs = matched(own.persons, its.persons)
            persons = tuple((own.persons[i], its.persons[j]) for i, j in pairs)
            yield FramePair(clip.id, own, its, clip.frame_rate_hz, persons)


def is_interpolated(person: Person) -> bool:
    """Whether nobody saw a person there."""
    return person.mark is not None and person.mark.source == INTERPOLATED


def joints_of(person: Person) -> NDArray[np.float64]:
    """(17, 3) x, y and COCO's visibility; zeros where nobody told them."""
    return np.array(person.keypoints, np.float64) if person.keypoints else np.zeros((17, 3))


Floats = NDArray[np.float64]
_APART = 0.08
"""Heights between left and right from which a swap can be told at all."""
_ELBOWS_AND_WRISTS = list(ARM_JOINTS[2:])


def arms_look_swapped(true: Floats, told: Floats, height: float) -> bool | None:
    """Whether elbows and wrists fit the other side's much better; None where that cannot be told.

    true, told: (17, 3) x, y and visibility.
    """
    both = (true[:, 2] > 0) & (told[:, 2] > 0)
    rows = [j for j in _ELBOWS_AND_WRISTS if both[j] and both[SWAPPED[j]]]
    if len(rows) < 2:
        return None
    apart = np.linalg.norm(true[rows, :2] - true[SWAPPED[rows], :2], axis=1).mean()
    if apart < _APART * height:
        return None
    as_told = np.linalg.norm(true[rows, :2] - told[rows, :2], axis=1).mean()
    turned = np.linalg.norm(true[rows, :2] - told[SWAPPED[rows], :2], axis=1).mean()
    return bool(turned < 0.6 * as_told)


def swapped_back(joints: Floats) -> Floats:
    """(17, 3) with left and right arm exchanged."""
    return np.asarray(joints[SWAPPED])
