"""The people of a frame as arrays.

Cut a picture by an affine map, in the coordinates of the records: a pixel's centre lies at + 0.5.

Training windows: parts of frames, or whole ones, in which people are searched.

How a person's box becomes a crop: the same in training and at work.

Training crops of single persons, varied in place, size, turn, side and look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.datasets.augmentation import Augment, Image
from raasid.datasets.pose.batch import Sampling
from raasid.footage.keypoints import COUNT, FLIP_INDICES
from raasid.footage.records import Frame

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """K people in one picture.

    boxes: (K, 4) left, top, right, bottom in its pixels. keypoints: (K, 17, 3) x, y and COCO visibility,
    all 0 where nobody labelled them. ignored: (K,) bool: a place where somebody is, but nothing to learn.
    """

    boxes: Array
    keypoints: Array
    ignored: NDArray[np.bool_]

    @classmethod
    def of(cls, frame: Frame, scale: float = 1.0, unreviewed: bool = True) -> Annotated:
        """Everybody in a frame, in its order; pixels of the source times `scale`.

        Crowds are ignored; so are, unless `unreviewed`, those whom a model has marked and no person has
        confirmed.
        """
        persons = frame.persons
        boxes = np.array([person.box for person in persons], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        keypoints = np.zeros((len(persons), COUNT, 3), np.float32)
        for row, person in zip(keypoints, persons, strict=True):
            if person.keypoints:
                row[:] = person.keypoints
        keypoints[keypoints[:, :, 2] == 0] = 0
        keypoints[:, :, :2] *= scale
        ignored = [
            p.crowd or (not unreviewed and p.mark is not None and not p.mark.reviewed) for p in persons
        ]
        return cls(boxes * np.float32(scale), keypoints, np.array(ignored, bool))

    def moved(self, matrix: Array, size: tuple[int, int], mirrored: NDArray[np.intp] | None) -> Annotated:
        """The same people in another picture; those of whom nothing is left are left out.

        matrix: (2, 3) from old to new pixels, without rotation. size: width and height of the new picture.
        mirrored: index of each joint's mirror image, where the matrix turns left into right.
        """
        edge = np.array([*size, *size], np.float32)
        boxes = (self.boxes.reshape(-1, 2, 2) @ matrix[:, :2].T + matrix[:, 2]).reshape(-1, 4)
        boxes = np.concatenate(
            [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], 1
        )
        whole = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
        boxes = np.clip(boxes, 0, edge).astype(np.float32)
        left = np.prod(boxes[:, 2:] - boxes[:, :2], 1) > LEAST_LEFT * whole
        return Annotated(
            boxes[left], moved_joints(self.keypoints, matrix, size, mirrored)[left], self.ignored[left]
        )


LEAST_LEFT = 0.08
"""Share of a box that must lie in a window for the person to be there."""


def moved_joints(
    keypoints: Array, matrix: Array, size: tuple[int, int], mirrored: NDArray[np.intp] | None
) -> Array:
    """(…, 17, 3) joints in another picture, as `Annotated.moved`; those outside are not labelled."""
    new = keypoints.copy()
    new[..., :2] = keypoints[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    inside = ((new[..., :2] >= 0) & (new[..., :2] < np.array(size))).all(-1) & (keypoints[..., 2] > 0)
    new[~inside] = 0
    return new[..., mirrored, :] if mirrored is not None else new


def warp(image: Image, matrix: Array, size: tuple[int, int]) -> Image:
    """(H, W, 3) -> (height, width, 3); black beyond the edges.

    matrix: (2, 3) from the picture's pixels to those of the result, whose (width, height) is `size`.
    Bilinear; a picture that shrinks is smoothed first, or lines and grain would flicker.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    indexed = matrix.astype(np.float64).copy()
    if scale < SMOOTHED_BELOW:
        ratio = 1 / round(1 / scale)
        image = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        indexed[:, :2] /= ratio
    indexed[:, 2] += indexed[:, :2] @ (0.5, 0.5) - 0.5
    return np.asarray(cv2.warpAffine(image, indexed, size, flags=cv2.INTER_LINEAR), np.uint8)


SMOOTHED_BELOW = 0.67


def mirror(matrix: Array, width: int) -> Array:
    """The map whose result is `matrix`'s, `width` pixels wide, with left and right exchanged."""
    turned = matrix.copy()
    turned[0] *= -1
    turned[0, 2] += width
    return turned


_MIRRORED = np.array(FLIP_INDICES)


@dataclass(frozen=True, slots=True)
class Window:
    """Cuts a window of `sampling.window` pixels at a random scale and place, varied in side and look."""

    sampling: Sampling
    augment: Augment

    def __call__(self, frame: Image, people: Annotated, rng: np.random.Generator) -> tuple[Image, Annotated]:
        """(H, W, 3) and its people -> (h, w, 3) and the people in it; what lies beyond the frame is black."""
        height, width = frame.shape[:2]
        size = self.sampling.window or (width, height)
        low, high = self.sampling.window_scale
        scale = math.exp(rng.uniform(math.log(low), math.log(high)))
        offset = [
            rng.uniform(min(0, room), max(0, room))
            for room in (size[0] - width * scale, size[1] - height * scale)
        ]
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
        flip = rng.random() < self.augment.flip
        if flip:
            matrix = mirror(matrix, size[0])
        image = self.augment.photometric(warp(frame, matrix, size), rng)
        return image, people.moved(matrix, size, _MIRRORED if flip else None)


@dataclass(frozen=True, slots=True)
class CropShape:
    """Crops of `width` x `height` pixels; a box, made `margin` times as large, just fits."""

    width: int = 96
    height: int = 128
    margin: float = 1.25

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return self.width, self.height

    def scale(self, boxes: Array) -> Array:
        """Crop pixels per pixel of the frame for (K, 4) corners; (K,)."""
        edges = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0) * self.margin
        return np.asarray(np.minimum(self.width / edges[:, 0], self.height / edges[:, 1]), np.float32)

    def matrices(self, boxes: Array) -> Array:
        """(K, 4) corners in a frame -> (K, 2, 3) from the frame's pixels to the crop's."""
        scale = self.scale(boxes)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        matrices = np.zeros((len(boxes), 2, 3), np.float32)
        matrices[:, 0, 0] = matrices[:, 1, 1] = scale
        matrices[:, :, 2] = np.array(self.size, np.float32) / 2 - centre * scale[:, None]
        return matrices


_LEAST_EDGE = 6.0
"""A box with a shorter longer edge, in pixels, shows nothing to learn from."""

_KEPT = 0.2, 0.85
"""Least and greatest part of a person that an edge leaves."""
_AROUND_JOINTS = 0.12
"""A person's outline reaches this far beyond the joints, as a share of the box."""


@dataclass(frozen=True, slots=True)
class PersonCrops:
    """Cuts `sampling.crops` crops of a frame's people, all of whom come before one comes twice."""

    shape: CropShape
    sampling: Sampling
    augment: Augment

    def __call__(
        self, frame: Image, people: Annotated, rng: np.random.Generator
    ) -> tuple[Image, Array, Array]:
        """(H, W, 3) and its people -> crops (N, h, w, 3) uint8, joints (N, 17, 3) in their pixels, with
        COCO visibility, and the areas (N,) of the boxes in crop pixels.

        A frame without anybody whose joints are labelled gives black crops without joints.
        """
        count, (width, height) = self.sampling.crops, self.shape.size
        crops = np.zeros((count, height, width, 3), np.uint8)
        joints, areas = np.zeros((count, COUNT, 3), np.float32), np.zeros(count, np.float32)
        edges = (people.boxes[:, 2:] - people.boxes[:, :2]).max(1, initial=0)
        labelled = (people.keypoints[:, :, 2] > 0).any(1) & ~people.ignored & (edges >= _LEAST_EDGE)
        able = np.flatnonzero(labelled)
        if not len(able):
            return crops, joints, areas
        rounds = -(-count // len(able))
        chosen = np.concatenate([rng.permutation(able) for _ in range(rounds)])[:count]
        for i, k in enumerate(chosen):
            crops[i], joints[i], areas[i] = self._crop(frame, people.boxes[k], people.keypoints[k], rng)
        return crops, joints, areas

    def _crop(
        self, frame: Image, box: Array, keypoints: Array, rng: np.random.Generator
    ) -> tuple[Image, Array, float]:
        if rng.random() < self.sampling.cut:
            frame, box, keypoints = cut_off(frame, box, keypoints, rng)
        matrix = self._matrix(box, rng)
        flip = rng.random() < self.augment.flip
        if flip:
            matrix = mirror(matrix, self.shape.width)
        crop = warp(frame, matrix, self.shape.size)
        joints = moved_joints(keypoints, matrix, self.shape.size, _MIRRORED if flip else None)
        if rng.random() < self.sampling.coarse:
            crop = _coarser(crop, rng)
        crop = self.augment.photometric(crop, rng)
        if rng.random() < self.sampling.hide:
            _hide(crop, rng)
        area = float(np.prod(box[2:] - box[:2]) * abs(np.linalg.det(matrix[:, :2])))
        return crop, joints, area

    def _matrix(self, box: Array, rng: np.random.Generator) -> Array:
        """From the frame's pixels to those of a crop that is a little off, turned and zoomed."""
        sampling = self.sampling
        edges = box[2:] - box[:2]
        shift = rng.standard_normal(2).clip(-2, 2) * sampling.jitter * edges
        stretch = np.exp(rng.standard_normal(2).clip(-2, 2) * sampling.jitter) * edges / 2
        centre = (box[:2] + box[2:]) / 2 + shift
        loose = np.concatenate([centre - stretch, centre + stretch]).astype(np.float32)
        scale = float(self.shape.scale(loose[None])[0]) * math.exp(rng.uniform(-sampling.zoom, sampling.zoom))
        angle = math.radians(rng.uniform(-sampling.rotate, sampling.rotate)) if rng.random() < 0.6 else 0.0
        turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        middle = np.array(self.shape.size) / 2
        return np.concatenate([turn, (middle - turn @ centre)[:, None]], 1).astype(np.float32)


def cut_off(
    frame: Image, box: Array, keypoints: Array, rng: np.random.Generator
) -> tuple[Image, Array, Array]:
    """A frame that ends in the middle of a person: black from there on, what is left of the box, and joints.

    The box shrinks to the joints that are left along the edge, too: legs are not as wide as arms.
    Everything as it is where too little would be left to learn from.
    """
    axis, after = int(rng.integers(2)), bool(rng.random() < 0.5)
    size, keep = box[2:] - box[:2], float(rng.uniform(*_KEPT))
    edge = round(float(box[axis + 2] - keep * size[axis] if after else box[axis] + keep * size[axis]))
    joints, left = keypoints.copy(), box.copy()
    joints[joints[:, axis] < edge if after else joints[:, axis] >= edge] = 0
    labelled = joints[joints[:, 2] > 0]
    left[axis if after else axis + 2] = edge
    if not len(labelled) or left[axis + 2] - left[axis] < 1 or (left[2:] - left[:2]).max() < _LEAST_EDGE:
        return frame, box, keypoints
    along = 1 - axis
    around = _AROUND_JOINTS * size[along]
    left[along] = max(box[along], labelled[:, along].min() - around)
    left[along + 2] = min(box[along + 2], labelled[:, along].max() + around)
    part = frame.copy()
    rest = slice(0, max(edge, 0)) if after else slice(max(edge, 0), None)
    part[(slice(None), rest) if axis == 0 else rest] = 0
    return part, left, joints


def _coarser(crop: Image, rng: np.random.Generator) -> Image:
    """As if the person had been smaller, and compressed as such pictures are."""
    height, width = crop.shape[:2]
    factor = math.exp(rng.uniform(math.log(0.25), math.log(0.8)))
    small = cv2.resize(crop, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        _, code = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])
        small = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _hide(crop: Image, rng: np.random.Generator) -> None:
    """Cover a part with another part of the same crop, whose colours are those of grass and players."""
    height, width = crop.shape[:2]
    w, h = int(rng.uniform(0.15, 0.5) * width), int(rng.uniform(0.15, 0.45) * height)
    (x, u), (y, v) = rng.integers(0, width - w, 2), rng.integers(0, height - h, 2)
    crop[y : y + h, x : x + w] = crop[v : v + h, u : u + w].copy()
