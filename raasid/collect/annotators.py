"""What annotates new footage before a person does.

Person boxes on grass and, with a pose estimator, the joints of each person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np

from raasid.collect.person_proposals import Proposal, propose_players
from raasid.footage.records import AnnotationSource, Frame, Keypoint, Person
from raasid.io.image_reader import Image
from raasid.tracks.association import Association
from raasid.tracks.similarity import PersonDetections


class Annotator(Protocol):
    """Fills frames of one clip with pre-annotations, each with its `AnnotationSource`; champions plug in here.

    The same pictures must give the same annotations: a collection that was interrupted is to end the same.
    """

    @property
    def name(self) -> str:
        """Model and version; another name annotates collected footage anew."""
        ...

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterable[Frame]:
        """Yield each frame with what is seen in its picture; pictures come one at a time, in order."""
        ...


class PoseEstimator(Protocol):
    """Finds the joints of the one person that a crop shows."""

    @property
    def name(self) -> str:
        """Model and version."""
        ...

    def estimate(self, crop: Image, enlarged: float) -> tuple[tuple[Keypoint, ...], float] | None:
        """Return COCO's 17 keypoints in pixels of the crop and a confidence; None where nobody is seen.

        crop: square, the person in its middle. enlarged: crop pixels for each pixel of the footage.
        """
        ...


class NoAnnotator:
    """Leaves frames as they are."""

    name = "none"

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterable[Frame]:
        """Yield the frames; no picture is read."""
        del images
        return frames


PROPOSER = "players-on-grass/1"
_MARGIN = 0.25
"""Of the box's height, on each side of the crop: raised arms and kicked legs lie outside blobs."""
_CROP_EDGE = 256
"""Small persons are enlarged to this: pose nets were trained on people who fill their picture."""
_LEAST_INSIDE = 0.7
"""Share of the labelled joints that must lie in the box, somewhat enlarged, for a skeleton to be kept."""
_SQUAT = 0.85
"""Wider for its height, a place that the estimator rejects is a board or a bench, and is left out."""
_LEAST_SPAN = 0.5
"""A skeleton is at least this tall, in heights of its box."""


class PeopleAnnotator:
    """Boxes by `propose_players`, numbered by `Association`; joints by the estimator, where it sees a person.

    An upright place that the estimator rejects stays, as a box with a lower confidence: at twenty pixels no
    pose net is a judge of who is there.
    """

    def __init__(self, pose: PoseEstimator | None) -> None:
        self._pose = pose

    @property
    def name(self) -> str:
        """Both models, joined."""
        return PROPOSER if self._pose is None else f"{PROPOSER}+{self._pose.name}"

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterator[Frame]:
        """Yield each frame with its people."""
        tracks = Association()
        for image, frame in zip(images, frames, strict=True):
            proposals = propose_players(image)
            numbers = tracks.number(
                PersonDetections.of_boxes([proposal.box for proposal in proposals])
            ).tolist()
            persons = (
                self._person(image, proposal, track)
                for proposal, track in zip(proposals, numbers, strict=True)
            )
            yield replace(frame, persons=tuple(person for person in persons if person is not None))

    def _person(self, image: Image, proposal: Proposal, track: int) -> Person | None:
        mark = AnnotationSource(PROPOSER, proposal.confidence)
        person = Person(track, "player", _rounded(proposal.box), mark=mark)
        if self._pose is None:
            return person
        crop, scale, (left, top) = person_crop(image, proposal.box)
        found = self._pose.estimate(crop, scale)
        if found is None and proposal.box[2] > _SQUAT * proposal.box[3]:
            return None
        if found is None:
            return replace(person, mark=replace(mark, confidence=round(0.5 * proposal.confidence, 3)))
        points, confidence = found
        placed = tuple(
            (round(x / scale + left, 2), round(y / scale + top, 2), v) if v else (0.0, 0.0, 0)
            for x, y, v in points
        )
        if not plausible(placed, proposal.box):
            return person
        box = _rounded(_around(proposal.box, placed))
        return replace(
            person, box=box, keypoints=placed, mark=AnnotationSource(self._pose.name, round(confidence, 3))
        )


def person_crop(
    image: Image, box: tuple[float, float, float, float]
) -> tuple[Image, float, tuple[float, float]]:
    """Cut a square round a box; return it enlarged, crop pixels per frame pixel, and its corner in the frame.

    Beyond the frame's edge the edge is repeated.
    """
    x, y, w, h = box
    side = max(h, w) * (1 + 2 * _MARGIN)
    left, top = x + w / 2 - side / 2, y + h / 2 - side / 2
    scale = _CROP_EDGE / side
    move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    edge = cv2.BORDER_REPLICATE
    crop = cv2.warpAffine(image, move, (_CROP_EDGE, _CROP_EDGE), flags=how, borderMode=edge)
    return np.asarray(crop, np.uint8), scale, (left, top)


def plausible(points: Sequence[Keypoint], box: tuple[float, float, float, float]) -> bool:
    """Whether a skeleton can be that of the person in the box: there, as tall, head above hips above feet."""
    seen = np.array([(x, y) for x, y, v in points if v])
    if len(seen) < 8:
        return False
    x, y, w, h = box
    grown = 0.25 * h
    inside = (seen > [x - grown, y - grown]).all(axis=1) & (seen < [x + w + grown, y + h + grown]).all(axis=1)
    span = float(seen[:, 1].max() - seen[:, 1].min())
    if inside.mean() < _LEAST_INSIDE or not _LEAST_SPAN * h < span < 1.5 * h:
        return False
    heights = [_mean_y(points, joints) for joints in ((5, 6), (11, 12), (15, 16))]
    known = [height for height in heights if height is not None]
    return all(upper < lower for upper, lower in pairwise(known))


def _mean_y(points: Sequence[Keypoint], joints: tuple[int, int]) -> float | None:
    heights = [points[joint][1] for joint in joints if points[joint][2]]
    return sum(heights) / len(heights) if heights else None


def _around(
    box: tuple[float, float, float, float], points: Sequence[Keypoint]
) -> tuple[float, float, float, float]:
    """Widen a box to hold the joints: blobs often end at the shins, where socks are thin."""
    x, y, w, h = box
    seen = [(px, py) for px, py, v in points if v]
    left, top = min(x, *(px for px, _ in seen)), min(y, *(py for _, py in seen))
    right, foot = max(x + w, *(px for px, _ in seen)), max(y + h, *(py for _, py in seen))
    return left, top, right - left, foot - top


def _rounded(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, w, h = (round(value, 2) for value in box)
    return x, y, w, h
