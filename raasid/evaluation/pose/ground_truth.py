"""The annotated persons of a frame as arrays, with the attributes that COCO's evaluation uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Person
from raasid.stats.bootstrap import Floats

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
"""Share of its box that a person's outline fills, for persons without an outline. Source: ultralytics' pose
validation, so that figures are comparable."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruth:
    """P persons of one frame, in pixels of the source.

    boxes: (P, 4) left, top, width, height. keypoints: (P, 17, 3) x, y, COCO visibility.
    area: (P,) square pixels of the outline. crowd: (P,) groups annotated as one.
    """

    boxes: Floats
    keypoints: Floats
    area: Floats
    crowd: Bools

    @classmethod
    def from_persons(cls, persons: Sequence[Person]) -> GroundTruth:
        """Convert records."""
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
        """(P, 17) labelled joints, hidden or not."""
        return np.asarray(self.keypoints[..., 2] > 0)

    @property
    def is_target(self) -> Bools:
        """(P,) persons to be found; COCO ignores crowds and persons without a labelled joint."""
        return np.asarray(self.labelled.any(axis=1) & ~self.crowd)

    @property
    def well_seen(self) -> Bools:
        """(P,) targets of whom at least half of the joints are visible."""
        return np.asarray(self.is_target & ((self.keypoints[..., 2] == VISIBLE).sum(axis=1) > KEYPOINTS // 2))

    def with_joints(self, joints: Sequence[int]) -> GroundTruth:
        """Return the same persons with only some joints labelled."""
        keypoints = self.keypoints.copy()
        keypoints[:, [joint for joint in range(KEYPOINTS) if joint not in joints], 2] = 0
        return replace(self, keypoints=keypoints)
