"""MediaPipe's pose landmarker as annotator: one person a crop, 33 landmarks of which 17 are COCO's.

Its detector wants a person close by, and finds players of thirty pixels hardly ever; those go to the landmark
net inside the same file, which needs no face. Each crop is looked at on its own, so that nothing depends on
what came before. Needs a `.task` file of the user's: the wheel brings none. Source: MediaPipe tasks API.

The landmark half of MediaPipe's pose model, run where a box says that a person stands.

The whole model first looks for a person by the face; at thirty pixels there is none to be found, though the
joints can be seen. A `.task` file is a ZIP of both halves. Source: BlazePose (arXiv 2006.10204).
"""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.errors import UsageError
from raasid.footage.records import Keypoint
from raasid.io.image_reader import Image

_MEMBER = "pose_landmarks_detector.tflite"
_OUTPUTS = ("Identity", "Identity_1")
"""Landmarks, and whether a person is there."""
_EDGE = 256
LANDMARKS, _FIELDS = 33, 5


class LandmarkNet:
    """x, y in pixels of the crop, and visibility, of 33 landmarks, and the presence of a person."""

    def __init__(self, net: Any) -> None:
        self._net = net

    @classmethod
    def inside(cls, task: bytes) -> LandmarkNet | None:
        """Find the net inside a `.task` file; None where there is none that OpenCV reads."""
        try:
            with zipfile.ZipFile(BytesIO(task)) as archive, TemporaryDirectory() as folder:
                # from memory OpenCV 5 takes its new engine whatever is asked for, which gives one output
                path = archive.extract(_MEMBER, folder)
                net = cls(cv2.dnn.readNetFromTFLite(path, cv2.dnn.ENGINE_CLASSIC))
            net.predict(np.zeros((_EDGE, _EDGE, 3), np.uint8))
        except (zipfile.BadZipFile, KeyError, cv2.error):
            return None
        return net

    def predict(self, crop: Image) -> tuple[NDArray[np.float32], float]:
        """Return (33, 3) x, y, visibility, and presence in [0, 1].

        crop: square, blue-green-red, filled to about two thirds by a person.
        """
        scale = crop.shape[0] / _EDGE
        blob = cv2.dnn.blobFromImage(crop, 1 / 255, (_EDGE, _EDGE), swapRB=True)
        self._net.setInput(blob)
        landmarks, presence = self._net.forward(list(_OUTPUTS))
        rows = np.asarray(landmarks, np.float32).reshape(-1, _FIELDS)[:LANDMARKS]
        visible = 1 / (1 + np.exp(-rows[:, 3].clip(-50, 50)))
        return np.column_stack([rows[:, :2] * scale, visible]), float(np.ravel(presence)[0])


LANDMARK_OF_COCO_KEYPOINT = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""Landmark of each COCO keypoint."""
_FACELESS = 2.0
"""Enlarged by more, a person was smaller than about eighty pixels, and MediaPipe's detector finds nobody."""
_LEAST_PRESENCE = 0.5
"""Of the landmark net, for a crop to show anybody."""


class PoseModelUnusable(UsageError):
    """A `.task` file that is missing, or that MediaPipe does not take."""

    def __init__(self, path: Path, reason: str, config_key: str) -> None:
        super().__init__(f"{config_key}: {path}: {reason}; MediaPipe's model page has pose_landmarker_*.task")


class MediaPipePose:
    """A context manager: MediaPipe complains at the interpreter's end about what is not closed.

    visible, hidden: a landmark's visibility from which it counts as COCO's 2, and as 1; below it is 0.
    config_key: the configuration's name for `model`, for messages.
    """

    def __init__(
        self,
        model: Path,
        visible: float = 0.65,
        hidden: float = 0.25,
        config_key: str = "collect.pose_model",
    ) -> None:
        if not model.is_file():
            raise PoseModelUnusable(model, "no such file", config_key)
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
                model, f"MediaPipe refuses it: {str(error).splitlines()[0]}", config_key
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
            found = self._net.predict(crop)
            if found[1] < _LEAST_PRESENCE:
                return None
        if found is None:
            return None
        rows, presence = found
        points = tuple(
            (float(x), float(y), self._seen(float(v))) for x, y, v in rows[list(LANDMARK_OF_COCO_KEYPOINT)]
        )
        return points, presence * float(rows[list(LANDMARK_OF_COCO_KEYPOINT), 2].mean())

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
