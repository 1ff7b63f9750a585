"""Pre-annotation of new footage: person boxes on grass and, with a pose estimator, their joints."""

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
    """Adds pre-annotations to the frames of a clip, each with its `AnnotationSource`.

    The same images must give the same annotations, so that an interrupted collection can be resumed.
    """

    @property
    def name(self) -> str:
        """Model and version; with another name collected footage is annotated again."""
        ...

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterable[Frame]:
        """Yield each frame with its annotations; images come one at a time, in order."""
        ...


class PoseEstimator(Protocol):
    """Finds the joints of the one person in a crop."""

    @property
    def name(self) -> str:
        """Model and version."""
        ...

    def estimate(self, crop: Image, scale: float) -> tuple[tuple[Keypoint, ...], float] | None:
        """Return COCO's 17 keypoints in pixels of the crop and a confidence; None if no person is found.

        crop: square, the person in its centre. scale: crop pixels per pixel of the footage.
        """
        ...


class NoAnnotator:
    """Leaves frames unchanged."""

    name = "none"

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterable[Frame]:
        """Return the frames; no image is read."""
        del images
        return frames


PROPOSER = "players-on-grass/1"
_MARGIN = 0.25
"""Of the box's height, on each side of the crop: raised arms and kicking legs lie outside the box."""
_CROP_EDGE = 256
"""Crops are resized to this: pose nets were trained on people who fill the image."""
_MIN_INSIDE = 0.7
"""Share of the labelled joints that must lie in the enlarged box for a skeleton to be kept."""
_MAX_ASPECT = 0.85
"""A box with a larger width over height that the estimator rejects is a board or a bench, and is dropped."""
_MIN_SPAN = 0.5
"""Smallest height of a skeleton, in heights of its box."""


class PeopleAnnotator:
    """Finds boxes with `propose_players`, tracks them, and finds joints with the pose estimator.

    An upright box that the estimator rejects stays, with a lower confidence: at a height of twenty pixels
    the estimator misses real people.
    """

    def __init__(self, pose: PoseEstimator | None) -> None:
        self._pose = pose

    @property
    def name(self) -> str:
        """Both models, joined by `+`."""
        return PROPOSER if self._pose is None else f"{PROPOSER}+{self._pose.name}"

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterator[Frame]:
        """Yield each frame with its people."""
        tracks = Association()
        for image, frame in zip(images, frames, strict=True):
            proposals = propose_players(image)
            ids = tracks.update(PersonDetections.of_boxes([proposal.box for proposal in proposals])).tolist()
            persons = (
                self._person(image, proposal, track) for proposal, track in zip(proposals, ids, strict=True)
            )
            yield replace(frame, persons=tuple(person for person in persons if person is not None))

    def _person(self, image: Image, proposal: Proposal, track: int) -> Person | None:
        mark = AnnotationSource(PROPOSER, proposal.confidence)
        person = Person(track, "player", _rounded(proposal.box), source=mark)
        if self._pose is None:
            return person
        crop, scale, (left, top) = person_crop(image, proposal.box)
        found = self._pose.estimate(crop, scale)
        if found is None and proposal.box[2] > _MAX_ASPECT * proposal.box[3]:
            return None
        if found is None:
            return replace(person, source=replace(mark, confidence=round(0.5 * proposal.confidence, 3)))
        points, confidence = found
        keypoints = tuple(
            (round(x / scale + left, 2), round(y / scale + top, 2), v) if v else (0.0, 0.0, 0)
            for x, y, v in points
        )
        if not plausible(keypoints, proposal.box):
            return person
        box = _rounded(_enclosing(proposal.box, keypoints))
        return replace(
            person,
            box=box,
            keypoints=keypoints,
            source=AnnotationSource(self._pose.name, round(confidence, 3)),
        )


def person_crop(
    image: Image, box: tuple[float, float, float, float]
) -> tuple[Image, float, tuple[float, float]]:
    """Return a square crop around a box, crop pixels per frame pixel, and its top left corner in the frame.

    Outside the frame the border pixels are repeated.
    """
    x, y, w, h = box
    side = max(h, w) * (1 + 2 * _MARGIN)
    left, top = x + w / 2 - side / 2, y + h / 2 - side / 2
    scale = _CROP_EDGE / side
    affine = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    border = cv2.BORDER_REPLICATE
    crop = cv2.warpAffine(image, affine, (_CROP_EDGE, _CROP_EDGE), flags=interpolation, borderMode=border)
    return np.asarray(crop, np.uint8), scale, (left, top)


def plausible(points: Sequence[Keypoint], box: tuple[float, float, float, float]) -> bool:
    """Whether a skeleton fits the box: inside it, as tall, shoulders above hips above feet."""
    labelled = np.array([(x, y) for x, y, v in points if v])
    if len(labelled) < 8:
        return False
    x, y, w, h = box
    margin = 0.25 * h
    inside = (labelled > [x - margin, y - margin]).all(axis=1) & (
        labelled < [x + w + margin, y + h + margin]
    ).all(axis=1)
    span = float(labelled[:, 1].max() - labelled[:, 1].min())
    if inside.mean() < _MIN_INSIDE or not _MIN_SPAN * h < span < 1.5 * h:
        return False
    heights = [_mean_y(points, joints) for joints in ((5, 6), (11, 12), (15, 16))]
    known = [height for height in heights if height is not None]
    return all(upper < lower for upper, lower in pairwise(known))


def _mean_y(points: Sequence[Keypoint], joints: tuple[int, int]) -> float | None:
    heights = [points[joint][1] for joint in joints if points[joint][2]]
    return sum(heights) / len(heights) if heights else None


def _enclosing(
    box: tuple[float, float, float, float], points: Sequence[Keypoint]
) -> tuple[float, float, float, float]:
    """Enlarge a box to contain the joints: proposals often end at the shins."""
    x, y, w, h = box
    labelled = [(px, py) for px, py, v in points if v]
    left, top = min(x, *(px for px, _ in labelled)), min(y, *(py for _, py in labelled))
    right, foot = max(x + w, *(px for px, _ in labelled)), max(y + h, *(py for _, py in labelled))
    return left, top, right - left, foot - top


def _rounded(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, w, h = (round(value, 2) for value in box)
    return x, y, w, h
