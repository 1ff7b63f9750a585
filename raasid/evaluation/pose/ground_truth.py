"""The annotated persons of a frame as arrays, with what COCO's evaluation needs to know of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Person

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KEYPOINTS = 17
LEFT_SHOULDER, RIGHT_SHOULDER = 5, 6
LEFT_ELBOW, RIGHT_ELBOW = 7, 8
LEFT_WRIST, RIGHT_WRIST = 9, 10
LEFT_HIP, RIGHT_HIP = 11, 12
ARMS = (LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_ELBOW, RIGHT_ELBOW, LEFT_WRIST, RIGHT_WRIST)
VISIBLE = 2
"""COCO's visibility of a joint that can be seen; 1 is hidden, 0 not labelled."""
OUTLINE_SHARE = 0.53
"""Of its box that a person's outline fills; stands in where nobody drew one. Source: ultralytics' pose
validation, whose figures are thereby comparable."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """P persons of one frame, in pixels of the source.

    boxes: (P, 4) left, top, width, height. keypoints: (P, 17, 3) x, y, COCO visibility.
    area: (P,) square pixels of the outline. crowd: (P,) groups that nobody took apart.
    """

    boxes: Floats
    keypoints: Floats
    area: Floats
    crowd: Bools

    @classmethod
    def of(cls, persons: Sequence[Person]) -> Truth:
        """Read the records."""
        keypoints = np.zeros((len(persons), KEYPOINTS, 3))
        for row, person in enumerate(persons):
            if person.keypoints:
                keypoints[row] = person.keypoints
        boxes = np.array([person.box for person in persons], np.float64).reshape(-1, 4)
        outlines = [OUTLINE_SHARE * p.box[2] * p.box[3] if p.area is None else p.area for p in persons]
        return cls(
            boxes, keypoints, np.array(outlines, np.float64), np.array([p.crowd for p in persons], bool)
        )

    @property
    def labelled(self) -> Bools:
        """(P, 17) joints that somebody labelled, hidden or not."""
        return np.asarray(self.keypoints[..., 2] > 0)

    @property
    def wanted(self) -> Bools:
        """(P,) persons that a model must find; COCO ignores crowds and persons without a labelled joint."""
        return np.asarray(self.labelled.any(axis=1) & ~self.crowd)

    @property
    def well_seen(self) -> Bools:
        """(P,) persons who are wanted and of whom at least half of the joints can be seen."""
        return np.asarray(self.wanted & ((self.keypoints[..., 2] == VISIBLE).sum(axis=1) > KEYPOINTS // 2))

    def only(self, joints: Sequence[int]) -> Truth:
        """The same persons as if nobody had labelled any other joint."""
        keypoints = self.keypoints.copy()
        keypoints[:, [joint for joint in range(KEYPOINTS) if joint not in joints], 2] = 0
        return replace(self, keypoints=keypoints)
