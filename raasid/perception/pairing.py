"""Annotated clips beside the same clips as models see them: who was seen as whom, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.data.records import Clip, Frame, Person
from raasid.errors import DataError
from raasid.perception.as_records import INTERPOLATED
from raasid.perception.same_persons import matched


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
