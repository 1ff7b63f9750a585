"""Training crops of single persons, varied in position, size, rotation, visibility and color."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from raasid.datasets.augmentation import Image, vary_colors
from raasid.datasets.data_config import AugmentConfig, PeopleConfig
from raasid.datasets.pose.transforms import (
    AnnotatedPeople,
    Array,
    CropShape,
    mirror_affine,
    transform_keypoints,
    warp_affine,
)
from raasid.footage.keypoints import NUM_KEYPOINTS

_MIN_EDGE = 6.0
"""Longer edge in pixels below which a box is not trained on."""
_KEPT_SHARE = 0.2, 0.85
"""Smallest and largest part of a person that a truncation leaves."""
_AROUND_JOINTS = 0.12
"""How far a person's outline reaches beyond the joints, as a share of the box."""


@dataclass(frozen=True, slots=True)
class PersonCropper:
    """Cuts `config.crops` crops of a frame's people; every person comes once before one comes twice."""

    shape: CropShape
    config: PeopleConfig
    augment: AugmentConfig

    def __call__(
        self, frame: Image, people: AnnotatedPeople, rng: np.random.Generator
    ) -> tuple[Image, Array, Array]:
        """Return N crops of (H, W, 3): images, joints and areas.

        Images are (N, h, w, 3) uint8; joints (N, 17, 3) in crop pixels with COCO visibility; areas (N,) of
        the boxes in crop pixels. A frame in which no joints are labelled gives black crops without joints.
        """
        count, (width, height) = self.config.crops, self.shape.size
        crops = np.zeros((count, height, width, 3), np.uint8)
        joints, areas = np.zeros((count, NUM_KEYPOINTS, 3), np.float32), np.zeros(count, np.float32)
        edges = (people.boxes[:, 2:] - people.boxes[:, :2]).max(1, initial=0)
        labelled = (people.keypoints[:, :, 2] > 0).any(1) & ~people.ignored & (edges >= _MIN_EDGE)
        usable = np.flatnonzero(labelled)
        if not len(usable):
            return crops, joints, areas
        rounds = -(-count // len(usable))
        chosen = np.concatenate([rng.permutation(usable) for _ in range(rounds)])[:count]
        for i, k in enumerate(chosen):
            crops[i], joints[i], areas[i] = self._crop(frame, people.boxes[k], people.keypoints[k], rng)
        return crops, joints, areas

    def _crop(
        self, frame: Image, box: Array, keypoints: Array, rng: np.random.Generator
    ) -> tuple[Image, Array, float]:
        if rng.random() < self.config.truncate:
            frame, box, keypoints = truncate_person(frame, box, keypoints, rng)
        matrix = self._matrix(box, rng)
        flip = rng.random() < self.augment.flip
        if flip:
            matrix = mirror_affine(matrix, self.shape.width)
        crop = warp_affine(frame, matrix, self.shape.size)
        joints = transform_keypoints(keypoints, matrix, self.shape.size, flip)
        if rng.random() < self.config.downscale:
            crop = _downscale(crop, rng)
        crop = vary_colors(crop, self.augment, rng)
        if rng.random() < self.config.occlude:
            _occlude(crop, rng)
        area = float(np.prod(box[2:] - box[:2]) * abs(np.linalg.det(matrix[:, :2])))
        return crop, joints, area

    def _matrix(self, box: Array, rng: np.random.Generator) -> Array:
        """Return a map from the frame's pixels to those of a randomly shifted, rotated and zoomed crop."""
        config = self.config
        edges = box[2:] - box[:2]
        shift = rng.standard_normal(2).clip(-2, 2) * config.jitter * edges
        stretch = np.exp(rng.standard_normal(2).clip(-2, 2) * config.jitter) * edges / 2
        centre = (box[:2] + box[2:]) / 2 + shift
        loose = np.concatenate([centre - stretch, centre + stretch]).astype(np.float32)
        scale = float(self.shape.scale(loose[None])[0]) * math.exp(rng.uniform(-config.zoom, config.zoom))
        angle = math.radians(rng.uniform(-config.rotate, config.rotate)) if rng.random() < 0.6 else 0.0
        turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        middle = np.array(self.shape.size) / 2
        return np.concatenate([turn, (middle - turn @ centre)[:, None]], 1).astype(np.float32)


def truncate_person(
    frame: Image, box: Array, keypoints: Array, rng: np.random.Generator
) -> tuple[Image, Array, Array]:
    """Cut a person off at a random edge: return the frame, black beyond it, the box and the keypoints.

    The box also shrinks to the remaining joints along the edge, because legs are narrower than arms.
    Returns the arguments where too little of the person would remain.
    """
    axis, after = int(rng.integers(2)), bool(rng.random() < 0.5)
    size, share = box[2:] - box[:2], float(rng.uniform(*_KEPT_SHARE))
    edge = round(float(box[axis + 2] - share * size[axis] if after else box[axis] + share * size[axis]))
    joints, kept = keypoints.copy(), box.copy()
    joints[joints[:, axis] < edge if after else joints[:, axis] >= edge] = 0
    labelled = joints[joints[:, 2] > 0]
    kept[axis if after else axis + 2] = edge
    if not len(labelled) or kept[axis + 2] - kept[axis] < 1 or (kept[2:] - kept[:2]).max() < _MIN_EDGE:
        return frame, box, keypoints
    along = 1 - axis
    around = _AROUND_JOINTS * size[along]
    kept[along] = max(box[along], labelled[:, along].min() - around)
    kept[along + 2] = min(box[along + 2], labelled[:, along].max() + around)
    truncated = frame.copy()
    beyond = slice(0, max(edge, 0)) if after else slice(max(edge, 0), None)
    truncated[(slice(None), beyond) if axis == 0 else beyond] = 0
    return truncated, kept, joints


def _downscale(crop: Image, rng: np.random.Generator) -> Image:
    """Return the crop as if its person were smaller in the frame; half of them are JPEG-compressed too."""
    height, width = crop.shape[:2]
    factor = math.exp(rng.uniform(math.log(0.25), math.log(0.8)))
    small = cv2.resize(crop, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        _, code = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])
        small = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _occlude(crop: Image, rng: np.random.Generator) -> None:
    """Cover a part with another part of the same crop, which has the colors of grass and players."""
    height, width = crop.shape[:2]
    w, h = int(rng.uniform(0.15, 0.5) * width), int(rng.uniform(0.15, 0.45) * height)
    (x, u), (y, v) = rng.integers(0, width - w, 2), rng.integers(0, height - h, 2)
    crop[y : y + h, x : x + w] = crop[v : v + h, u : u + w].copy()
