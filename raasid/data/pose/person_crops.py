"""Training crops of single persons, varied in place, size, turn, side and look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from raasid.data.augment import Augment, Image
from raasid.data.keypoints import COUNT, FLIPPED
from raasid.data.pose.annotated import Annotated, Array, moved_joints
from raasid.data.pose.crop_shape import CropShape
from raasid.data.pose.sampling import Sampling
from raasid.data.pose.warp import mirror, warp

_MIRRORED = np.array(FLIPPED)
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
