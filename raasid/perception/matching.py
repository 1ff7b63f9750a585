"""Match annotated frames and persons with predicted ones, by the overlap of boxes."""

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
from raasid.tracks.perturbations import ARM_JOINTS, ARMS_SWAPPED

Floats = NDArray[np.float64]
MIN_IOU = 0.4
"""Intersection over union from which a person counts as detected."""
_MIN_SEPARATION = 0.08
"""Distance of left and right in heights from which a swap can be detected."""
_ELBOWS_AND_WRISTS = list(ARM_JOINTS[2:])


def match_persons(true: Sequence[Person], predicted: Sequence[Person]) -> list[tuple[int, int]]:
    """Return pairs of indices into both lists, each index at most once, with the largest sum of overlaps."""
    if not true or not predicted:
        return []
    shared = iou_xywh(_boxes(true), _boxes(predicted))
    rows, columns = linear_sum_assignment(np.where(shared >= MIN_IOU, shared, 0), maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if shared[i, j] >= MIN_IOU]


def find_same_person(person: Person, predicted: Sequence[Person]) -> int | None:
    """Return the track of the person predicted at a person's position; None if there is none."""
    pairs = match_persons([person], predicted)
    return predicted[pairs[0][1]].track if pairs else None


def _boxes(persons: Sequence[Person]) -> NDArray[np.float32]:
    return np.array([person.box for person in persons], np.float32).reshape(-1, 4)


class ClipMismatchError(DataError):
    """Annotated and predicted clips that are not the same footage."""

    def __init__(self, clip: str, reason: str) -> None:
        super().__init__(f"{clip}: {reason}; give the same clips, annotated and predicted")


@dataclass(frozen=True, slots=True)
class MatchedFrame:
    """One frame, annotated and predicted."""

    clip: str
    true: Frame
    predicted: Frame
    frame_rate_hz: float
    persons: tuple[tuple[Person, Person], ...]
    """Annotated persons and the persons predicted at their positions, interpolated ones included."""

    @property
    def missed(self) -> list[Person]:
        """Annotated persons, except crowds, without a prediction."""
        matched = {true.track for true, _ in self.persons}
        return [person for person in self.true.persons if person.track not in matched and not person.crowd]

    @property
    def false(self) -> list[Person]:
        """Predicted persons where none is annotated."""
        matched = {predicted.track for _, predicted in self.persons}
        return [person for person in self.predicted.persons if person.track not in matched]


def match_frames(true: Sequence[Clip], predicted: Sequence[Clip]) -> Iterator[MatchedFrame]:
    """Yield every frame of the annotated clips with its prediction, by clip id. Raises ClipMismatchError."""
    by_id = {clip.id: clip for clip in predicted}
    for clip in true:
        other = by_id.get(clip.id)
        if other is None:
            raise ClipMismatchError(clip.id, "there is no prediction of it")
        if [f.index for f in clip.frames] != [f.index for f in other.frames]:
            counts = f"{len(clip.frames)} frames, but {len(other.frames)} were predicted"
            raise ClipMismatchError(clip.id, counts)
        for own, its in zip(clip.frames, other.frames, strict=True):
            pairs = match_persons(own.persons, its.persons)
            persons = tuple((own.persons[i], its.persons[j]) for i, j in pairs)
            yield MatchedFrame(clip.id, own, its, clip.frame_rate_hz, persons)


def is_interpolated(person: Person) -> bool:
    """Whether a person was inferred from other frames."""
    return person.source is not None and person.source.name == INTERPOLATED


def person_joints(person: Person) -> NDArray[np.float64]:
    """Return (17, 3) x, y and COCO visibility; zeros if unknown."""
    return np.array(person.keypoints, np.float64) if person.keypoints else np.zeros((17, 3))


def are_arms_swapped(true: Floats, predicted: Floats, height: float) -> bool | None:
    """Whether elbows and wrists fit the other side's much better; None if that cannot be decided.

    true, predicted: (17, 3) x, y and visibility.
    """
    both = (true[:, 2] > 0) & (predicted[:, 2] > 0)
    rows = [j for j in _ELBOWS_AND_WRISTS if both[j] and both[ARMS_SWAPPED[j]]]
    if len(rows) < 2:
        return None
    apart = np.linalg.norm(true[rows, :2] - true[ARMS_SWAPPED[rows], :2], axis=1).mean()
    if apart < _MIN_SEPARATION * height:
        return None
    as_is = np.linalg.norm(true[rows, :2] - predicted[rows, :2], axis=1).mean()
    swapped = np.linalg.norm(true[rows, :2] - predicted[ARMS_SWAPPED[rows], :2], axis=1).mean()
    return bool(swapped < 0.6 * as_is)
