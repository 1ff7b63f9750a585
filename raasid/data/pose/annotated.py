"""The people of a frame as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.data.keypoints import COUNT
from raasid.data.records import Frame

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
