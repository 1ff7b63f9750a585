"""`pose_mediapipe`: MediaPipe's landmarker as a pose model that is measured beside ours, never trained."""

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
from raasid.footage.records import Keypoint
from raasid.io.image_reader import Image
from raasid.models.pose.mediapipe import MediaPipePose
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import KEYPOINTS, Array, People

Box = tuple[float, float, float, float]
"""Left, top, width, height."""
Seen = tuple[Box, float, NDArray[np.float32]]
"""Box, score and (17, 3) keypoints of a person."""

_DOUBT = 0.5
"""Takes away from the score of a skeleton that no upright person in the box can have."""


class PoseMediapipe(PoseModule):
    """One person at a time, where `propose_players` or the annotation says that one stands.

    task_file: the user's own pose_landmarker_*.task. A crop in which the landmarker sees nobody has no
    person with own boxes; at given boxes its joints are in the middle of the box, with a score of 0.
    Works on the CPU wherever the pictures are.
    """

    trainable: ClassVar[bool] = False

    def __init__(self, task_file: str | Path) -> None:
        super().__init__()
        _ignore_profiling_signals()
        self.task_file = Path(task_file)
        self._landmarker: MediaPipePose | None = None

    @property
    def device(self) -> torch.device:
        """Where it works."""
        return torch.device("cpu")

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """There is nothing to train."""
        raise NotImplementedError("MediaPipe's landmarker is measured, not trained")

    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Propose players and read their joints, or read those of people whose boxes are known."""
        pictures = np.ascontiguousarray(images.cpu().numpy()[..., ::-1])
        if boxes is None:
            return [_people(self._found(picture)) for picture in pictures]
        return [
            _people(map(self._at, [picture] * len(corners), corners))
            for picture, corners in zip(pictures, boxes, strict=True)
        ]

    def teardown(self, stage: str) -> None:
        """Give the landmarker's memory and threads back."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None

    def _found(self, picture: Image) -> list[Seen]:
        found = []
        for proposal in propose_players(picture):
            read = self._read(picture, proposal.box)
            if read is not None:
                points, confidence = read
                box = _around(proposal.box, points)
                found.append((box, proposal.confidence * confidence, points))
        return sorted(found, key=lambda seen: -seen[1])

    def _at(self, picture: Image, corners: Array) -> Seen:
        left, top, right, bottom = corners.tolist()
        box = (left, top, right - left, bottom - top)
        read = self._read(picture, box)
        if read is None:
            middle = ((left + right) / 2, (top + bottom) / 2, 0.0)
            return box, 0.0, np.tile(np.array(middle, np.float32), (KEYPOINTS, 1))
        return box, read[1], read[0]

    def _read(self, picture: Image, box: Box) -> tuple[NDArray[np.float32], float] | None:
        """(17, 3) keypoints in pixels of the picture, and the score of the skeleton; None for nobody."""
        if self._landmarker is None:
            self._landmarker = MediaPipePose(self.task_file, config_key="model.task_file")
        if min(box[2:]) <= 0:
            return None
        crop, scale, (left, top) = person_crop(picture, box)
        found = self._landmarker.estimate(crop, scale)
        if found is None:
            return None
        points, confidence = found
        placed: list[Keypoint] = [(x / scale + left, y / scale + top, v) for x, y, v in points]
        rows = np.array(placed, np.float32)
        rows[:, 2] /= 2  # visible 1, guessed 0.5
        return rows, confidence * (1.0 if plausible(placed, box) else _DOUBT)


def _ignore_profiling_signals() -> None:
    """Let a trainer find SIGPROF ignored, so that it leaves it so.

    MediaPipe arms profiling timers and ignores their signal; Lightning ends by putting back the handlers that
    it met at its start. Was that the default one, the next tick of a timer ends the process.
    """
    if signal.getsignal(signal.SIGPROF) is signal.SIG_DFL:
        signal.signal(signal.SIGPROF, signal.SIG_IGN)


def _around(box: Box, points: NDArray[np.float32]) -> Box:
    """Widen a box to hold the joints that are not unknown: blobs often end at the shins."""
    known = points[points[:, 2] > 0, :2].astype(np.float64)
    corners = np.vstack([known, [box[:2], (box[0] + box[2], box[1] + box[3])]])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right - left), float(bottom - top)


def _people(seen: Iterable[Seen]) -> People:
    rows = list(seen)
    if not rows:
        return People.empty()
    boxes = np.array([box for box, _, _ in rows], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return People(
        boxes, np.array([score for _, score, _ in rows], np.float32), np.stack([p for _, _, p in rows])
    )
