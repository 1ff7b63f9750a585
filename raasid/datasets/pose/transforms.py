"""People of a frame as arrays, the affine maps that move them between images, and random windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.datasets.augmentation import Image, vary_colors
from raasid.datasets.data_config import AugmentConfig, PeopleConfig
from raasid.footage.keypoints import FLIP_INDICES, NUM_KEYPOINTS
from raasid.footage.records import Frame

Array = NDArray[np.float32]
MIN_VISIBLE_SHARE = 0.08
"""Share of a box that must lie in a window for the person to count as visible."""
_SMOOTHED_BELOW = 0.67
"""Scale below which an image is averaged before it is sampled."""
_FLIP = np.array(FLIP_INDICES)


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPeople:
    """K people in one image.

    boxes: (K, 4) left, top, right, bottom in its pixels. keypoints: (K, 17, 3) x, y and COCO visibility,
    all 0 where they are not labelled. ignored: (K,) bool: contains people, but is excluded from the loss.
    """

    boxes: Array
    keypoints: Array
    ignored: NDArray[np.bool_]

    @classmethod
    def of(cls, frame: Frame, scale: float = 1.0, use_unreviewed: bool = True) -> AnnotatedPeople:
        """Return all persons of a frame, in its order, in source pixels times `scale`.

        Crowds are ignored; without `use_unreviewed`, so are people whom a model has annotated and no person
        has confirmed.
        """
        persons = frame.persons
        boxes = np.array([person.box for person in persons], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        keypoints = np.zeros((len(persons), NUM_KEYPOINTS, 3), np.float32)
        for row, person in zip(keypoints, persons, strict=True):
            if person.keypoints:
                row[:] = person.keypoints
        keypoints[keypoints[:, :, 2] == 0] = 0
        keypoints[:, :, :2] *= scale
        ignored = [
            person.crowd or (not use_unreviewed and person.source is not None and not person.source.reviewed)
            for person in persons
        ]
        return cls(boxes * np.float32(scale), keypoints, np.array(ignored, bool))

    def transform(self, matrix: Array, size: tuple[int, int], mirrored: bool) -> AnnotatedPeople:
        """Return the people who remain visible in another image.

        matrix: (2, 3) from old to new pixels, without rotation. size: width and height of the new image.
        mirrored: whether the matrix exchanges left and right.
        """
        edge = np.array([*size, *size], np.float32)
        boxes = (self.boxes.reshape(-1, 2, 2) @ matrix[:, :2].T + matrix[:, 2]).reshape(-1, 4)
        boxes = np.concatenate(
            [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], 1
        )
        area = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
        boxes = np.clip(boxes, 0, edge).astype(np.float32)
        kept = np.prod(boxes[:, 2:] - boxes[:, :2], 1) > MIN_VISIBLE_SHARE * area
        keypoints = transform_keypoints(self.keypoints, matrix, size, mirrored)
        return AnnotatedPeople(boxes[kept], keypoints[kept], self.ignored[kept])


def transform_keypoints(
    keypoints: Array, matrix: Array, size: tuple[int, int], mirrored: bool = False
) -> Array:
    """Return (…, 17, 3) keypoints in another image, as `AnnotatedPeople.transform`; 0 outside of it.

    With `mirrored`, each keypoint takes the row of its left-right counterpart.
    """
    new = keypoints.copy()
    new[..., :2] = keypoints[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    inside = ((new[..., :2] >= 0) & (new[..., :2] < np.array(size))).all(-1) & (keypoints[..., 2] > 0)
    new[~inside] = 0
    return new[..., _FLIP, :] if mirrored else new


def warp_affine(image: Image, matrix: Array, size: tuple[int, int]) -> Image:
    """Map (H, W, 3) to (height, width, 3); black beyond the edges.

    matrix: (2, 3) from the image's pixels to those of the result, whose (width, height) is `size`. In these
    coordinates, those of the records, a pixel's centre lies at + 0.5.
    Bilinear; an image that shrinks is averaged first, to avoid aliasing.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    indexed = matrix.astype(np.float64).copy()
    if scale < _SMOOTHED_BELOW:
        ratio = 1 / round(1 / scale)
        image = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        indexed[:, :2] /= ratio
    indexed[:, 2] += indexed[:, :2] @ (0.5, 0.5) - 0.5
    return np.asarray(cv2.warpAffine(image, indexed, size, flags=cv2.INTER_LINEAR), np.uint8)


def mirror_affine(matrix: Array, width: int) -> Array:
    """Return the map to the mirror image of `matrix`'s result, which is `width` pixels wide."""
    mirrored = matrix.copy()
    mirrored[0] *= -1
    mirrored[0, 2] += width
    return mirrored


@dataclass(frozen=True, slots=True)
class RandomCrop:
    """Cuts a window of `people.window` pixels at a random scale and position, mirrored and recolored."""

    people: PeopleConfig
    augment: AugmentConfig

    def __call__(
        self, frame: Image, people: AnnotatedPeople, rng: np.random.Generator
    ) -> tuple[Image, AnnotatedPeople]:
        """Return a window (h, w, 3) of (H, W, 3) and the people in it; black beyond the frame."""
        height, width = frame.shape[:2]
        size = self.people.window or (width, height)
        low, high = self.people.window_scale
        scale = math.exp(rng.uniform(math.log(low), math.log(high)))
        offset = [
            rng.uniform(min(0, room), max(0, room))
            for room in (size[0] - width * scale, size[1] - height * scale)
        ]
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
        flip = rng.random() < self.augment.flip
        if flip:
            matrix = mirror_affine(matrix, size[0])
        image = vary_colors(warp_affine(frame, matrix, size), self.augment, rng)
        return image, people.transform(matrix, size, flip)


@dataclass(frozen=True, slots=True)
class CropShape:
    """How a person's box becomes a crop, in training and inference alike.

    The crop has `width` x `height` pixels; the box, enlarged `margin` times, just fits into it.
    """

    width: int = 96
    height: int = 128
    margin: float = 1.25

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return self.width, self.height

    def scale(self, boxes: Array) -> Array:
        """Return (K,) crop pixels per pixel of the frame, of (K, 4) left, top, right, bottom."""
        edges = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0) * self.margin
        return np.asarray(np.minimum(self.width / edges[:, 0], self.height / edges[:, 1]), np.float32)

    def matrices(self, boxes: Array) -> Array:
        """Return (K, 2, 3) maps from frame to crop pixels, of (K, 4) left, top, right, bottom."""
        scale = self.scale(boxes)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        matrices = np.zeros((len(boxes), 2, 3), np.float32)
        matrices[:, 0, 0] = matrices[:, 1, 1] = scale
        matrices[:, :, 2] = np.array(self.size, np.float32) / 2 - centre * scale[:, None]
        return matrices
