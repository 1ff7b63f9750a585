"""MediaPipe's pose landmarker as annotator: one person a crop, 33 landmarks of which 17 are COCO's.

Its detector wants a person close by, and finds players of thirty pixels hardly ever; those go to the landmark
net inside the same file, which needs no face. Each crop is looked at on its own, so that nothing depends on
what came before. Needs a `.task` file of the user's: the wheel brings none. Source: MediaPipe tasks API.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.data.media import Image
from raasid.data.records import Keypoint
from raasid.errors import UsageError
from raasid.models.pose.landmark_net import LandmarkNet

TO_COCO = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""Landmark of each COCO keypoint."""
_FACELESS = 2.0
"""Enlarged by more, a person was smaller than about eighty pixels, and MediaPipe's detector finds nobody."""
_LEAST_PRESENCE = 0.5
"""Of the landmark net, for a crop to show anybody."""


class PoseModelUnusable(UsageError):
    """A `.task` file that is missing, or that MediaPipe does not take."""

    def __init__(self, path: Path, reason: str, asked_as: str) -> None:
        super().__init__(f"{asked_as}: {path}: {reason}; MediaPipe's model page has pose_landmarker_*.task")


class MediaPipePose:
    """A context manager: MediaPipe complains at the interpreter's end about what is not closed.

    visible, hidden: a landmark's visibility from which it counts as COCO's 2, and as 1; below it is 0.
    asked_as: the configuration's name for `model`, for messages.
    """

    def __init__(
        self,
        model: Path,
        visible: float = 0.65,
        hidden: float = 0.25,
        asked_as: str = "collect.pose_model",
    ) -> None:
        if not model.is_file():
            raise PoseModelUnusable(model, "no such file", asked_as)
        from mediapipe.tasks.python import BaseOptions
        from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode

        content = model.read_bytes()
        self._name = f"mediapipe/{model.stem}@{hashlib.sha256(content).hexdigest()[:8]}"
        self._visible, self._hidden = visible, hidden
        self._net = LandmarkNet.inside(content)
        options = PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=content), running_mode=RunningMode.IMAGE
        )
        try:
            self._landmarker: Any = PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise PoseModelUnusable(
                model, f"MediaPipe refuses it: {str(error).splitlines()[0]}", asked_as
            ) from error

    @property
    def name(self) -> str:
        """Model file and the start of its digest."""
        return self._name

    def __enter__(self) -> MediaPipePose:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the model's memory and threads back."""
        self._landmarker.close()

    def estimate(self, crop: Image, enlarged: float = 1.0) -> tuple[tuple[Keypoint, ...], float] | None:
        """Return COCO's 17 keypoints in pixels of the crop, and a confidence; None for nobody.

        crop: (h, w, 3) blue-green-red, square, one person in its middle. enlarged: by how much it was
        enlarged; small persons go to the landmark net at once. Joints may lie outside the crop.
        """
        found = None if enlarged > _FACELESS else self._detected(crop)
        if found is None and self._net is not None:
            found = self._net.look(crop)
            if found[1] < _LEAST_PRESENCE:
                return None
        if found is None:
            return None
        rows, presence = found
        points = tuple((float(x), float(y), self._seen(float(v))) for x, y, v in rows[list(TO_COCO)])
        return points, presence * float(rows[list(TO_COCO), 2].mean())

    def _detected(self, crop: Image) -> tuple[NDArray[np.float32], float] | None:
        """Both halves of the model, by MediaPipe itself."""
        import mediapipe

        rgb = np.ascontiguousarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
        found = self._landmarker.detect(image).pose_landmarks
        if not found:
            return None
        height, width = crop.shape[:2]
        rows = [(mark.x * width, mark.y * height, mark.visibility) for mark in found[0]]
        return np.array(rows, np.float32), 1.0

    def _seen(self, visibility: float) -> int:
        return 2 if visibility >= self._visible else int(visibility >= self._hidden)
