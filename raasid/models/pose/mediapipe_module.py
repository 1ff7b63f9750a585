"""`pose_mediapipe`: MediaPipe's landmarker as a pose model for comparison, which is never trained."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raasid.collect.annotators import person_crop, plausible
from raasid.collect.person_proposals import propose_players
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import Keypoint
from raasid.io.image_reader import Image
from raasid.models.pose.mediapipe import MediaPipePose
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import Array, People

Box = tuple[float, float, float, float]
"""Left, top, width, height."""
ScoredPerson = tuple[Box, float, NDArray[np.float32]]
"""Box, score and (17, 3) keypoints of a person."""

_IMPLAUSIBLE_FACTOR = 0.5
"""Of the score of a skeleton that no upright person in the box can have."""


class PoseMediapipe(PoseModule):
    """One person at a time, in the boxes of `propose_players` or in annotated ones.

    task_file: the user's own pose_landmarker_*.task. A proposed box in which the landmarker finds no person
    is dropped; an annotated one has its joints in the middle, with a score of 0. Runs on the CPU.
    """

    trainable: ClassVar[bool] = False

    def __init__(self, task_file: str | Path) -> None:
        super().__init__()
        _ignore_profiling_signals()
        self.task_file = Path(task_file)
        self._landmarker: MediaPipePose | None = None

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Raise NotImplementedError: there is nothing to train."""
        raise NotImplementedError("MediaPipe's landmarker is measured, not trained")

    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Propose players and read their joints, or read those of people whose boxes are known."""
        arrays = np.ascontiguousarray(images.cpu().numpy()[..., ::-1])
        if boxes is None:
            return [_people(self._find_people(image)) for image in arrays]
        return [
            _people(self._read_annotated(image, row) for row in corners)
            for image, corners in zip(arrays, boxes, strict=True)
        ]

    def teardown(self, stage: str) -> None:
        """Release the landmarker's memory and threads."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None

    def _find_people(self, image: Image) -> list[ScoredPerson]:
        found = []
        for proposal in propose_players(image):
            pose = self._read_joints(image, proposal.box)
            if pose is not None:
                points, confidence = pose
                box = _box_around(proposal.box, points)
                found.append((box, proposal.confidence * confidence, points))
        return sorted(found, key=lambda person: -person[1])

    def _read_annotated(self, image: Image, corners: Array) -> ScoredPerson:
        left, top, right, bottom = corners.tolist()
        box = (left, top, right - left, bottom - top)
        pose = self._read_joints(image, box)
        if pose is None:
            middle = ((left + right) / 2, (top + bottom) / 2, 0.0)
            return box, 0.0, np.tile(np.array(middle, np.float32), (NUM_KEYPOINTS, 1))
        return box, pose[1], pose[0]

    def _read_joints(self, image: Image, box: Box) -> tuple[NDArray[np.float32], float] | None:
        """(17, 3) keypoints in pixels of the image, and the skeleton's score; None without a person."""
        if self._landmarker is None:
            self._landmarker = MediaPipePose(self.task_file, config_key="model.task_file")
        if min(box[2:]) <= 0:
            return None
        crop, scale, (left, top) = person_crop(image, box)
        found = self._landmarker.estimate(crop, scale)
        if found is None:
            return None
        points, confidence = found
        keypoints: list[Keypoint] = [(x / scale + left, y / scale + top, v) for x, y, v in points]
        rows = np.array(keypoints, np.float32)
        rows[:, 2] /= 2  # visible 1, hidden 0.5
        return rows, confidence * (1.0 if plausible(keypoints, box) else _IMPLAUSIBLE_FACTOR)


def _ignore_profiling_signals() -> None:
    """Ignore SIGPROF before a trainer stores the handlers that it restores at its end.

    MediaPipe arms profiling timers and ignores their signal. If Lightning restored the default handler, the
    next tick of a timer would end the process.
    """
    if signal.getsignal(signal.SIGPROF) is signal.SIG_DFL:
        signal.signal(signal.SIGPROF, signal.SIG_IGN)


def _box_around(box: Box, points: NDArray[np.float32]) -> Box:
    """Widen a box to hold the known joints: proposals often end at the shins."""
    known = points[points[:, 2] > 0, :2].astype(np.float64)
    corners = np.vstack([known, [box[:2], (box[0] + box[2], box[1] + box[3])]])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right - left), float(bottom - top)


def _people(people: Iterable[ScoredPerson]) -> People:
    rows = list(people)
    if not rows:
        return People.empty()
    boxes = np.array([box for box, _, _ in rows], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return People(
        boxes, np.array([score for _, score, _ in rows], np.float32), np.stack([p for _, _, p in rows])
    )
