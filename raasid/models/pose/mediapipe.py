"""MediaPipe's pose landmarker on crops of one person: 33 landmarks, of which 17 are COCO keypoints.

A `.task` file of the user's is a ZIP of a person detector and a landmark net. The detector needs a face, and
hardly ever finds players of thirty pixels; their crops go to the landmark net directly. Crops are independent
of each other. Sources: MediaPipe tasks API; BlazePose (arXiv 2006.10204).
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
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

_LANDMARK_FILE = "pose_landmarks_detector.tflite"
_OUTPUTS = ("Identity", "Identity_1")
"""Landmarks, and the presence of a person."""
_INPUT_EDGE = 256
NUM_LANDMARKS, _FIELDS = 33, 5
LANDMARK_OF_COCO_KEYPOINT = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""Index of the landmark for each COCO keypoint."""
_MAX_DETECTOR_UPSCALE = 2.0
"""A person upscaled by more was smaller than about eighty pixels, and the detector finds no one."""
_MIN_PRESENCE = 0.5
"""Output of the landmark net from which a crop shows a person."""


class LandmarkNet:
    """The landmark net alone, run by OpenCV."""

    def __init__(self, net: Any) -> None:
        self._net = net

    @classmethod
    def from_task_file(cls, task: bytes) -> LandmarkNet | None:
        """Read the net from the content of a `.task` file; None if it has none that OpenCV reads."""
        try:
            with zipfile.ZipFile(BytesIO(task)) as archive, TemporaryDirectory() as folder:
                # from memory OpenCV 5 always takes its new engine, which returns one output
                path = archive.extract(_LANDMARK_FILE, folder)
                net = cls(cv2.dnn.readNetFromTFLite(path, cv2.dnn.ENGINE_CLASSIC))
            net.predict(np.zeros((_INPUT_EDGE, _INPUT_EDGE, 3), np.uint8))
        except (zipfile.BadZipFile, KeyError, cv2.error):
            return None
        return net

    def predict(self, crop: Image) -> tuple[NDArray[np.float32], float]:
        """Return (33, 3) x, y in pixels of the crop and visibility, and the presence of a person in [0, 1].

        crop: square, blue-green-red, filled to about two thirds by a person.
        """
        scale = crop.shape[0] / _INPUT_EDGE
        blob = cv2.dnn.blobFromImage(crop, 1 / 255, (_INPUT_EDGE, _INPUT_EDGE), swapRB=True)
        self._net.setInput(blob)
        landmarks, presence = self._net.forward(list(_OUTPUTS))
        rows = np.asarray(landmarks, np.float32).reshape(-1, _FIELDS)[:NUM_LANDMARKS]
        visible = 1 / (1 + np.exp(-rows[:, 3].clip(-50, 50)))
        return np.column_stack([rows[:, :2] * scale, visible]), float(np.ravel(presence)[0])


@contextmanager
def _without_report() -> Iterator[None]:
    """Let MediaPipe not tell its makers how it was used (https://goo.gle/mediapipe-privacy).

    It does so when it is closed, and has no option against it: for as long as the block runs, its HTTP client
    is sent to a port of this machine at which nobody listens.
    """
    names = ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ["https_proxy"] = "http://127.0.0.1:9"
    try:
        yield
    finally:
        del os.environ["https_proxy"]
        os.environ.update({name: value for name, value in before.items() if value is not None})


class PoseModelUnusable(UsageError):
    """A `.task` file that is missing, or that MediaPipe rejects."""

    def __init__(self, path: Path, reason: str, config_key: str) -> None:
        super().__init__(f"{config_key}: {path}: {reason}; MediaPipe's model page has pose_landmarker_*.task")


class MediaPipePose:
    """The landmarker as a context manager: MediaPipe prints an error at exit unless it is closed.

    visible, hidden: visibility of a landmark from which it counts as COCO's 2, and as 1; below it is 0.
    config_key: the configuration key of `model`, for messages.
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
        self._net = LandmarkNet.from_task_file(content)
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
        """Name of the model file and the start of its digest."""
        return self._name

    def __enter__(self) -> MediaPipePose:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the model's memory and threads."""
        with _without_report():
            self._landmarker.close()

    def estimate(self, crop: Image, upscale: float = 1.0) -> tuple[tuple[Keypoint, ...], float] | None:
        """Return COCO's 17 keypoints in pixels of the crop, and a confidence; None without a person.

        crop: (h, w, 3) blue-green-red, square, one person in its middle. upscale: its scale relative to the
        image; small persons go to the landmark net directly. Joints may lie outside the crop.
        """
        found = None if upscale > _MAX_DETECTOR_UPSCALE else self._detect(crop)
        if found is None and self._net is not None:
            found = self._net.predict(crop)
            if found[1] < _MIN_PRESENCE:
                return None
        if found is None:
            return None
        rows, presence = found
        keypoints = rows[list(LANDMARK_OF_COCO_KEYPOINT)]
        points = tuple((float(x), float(y), self._coco_visibility(float(v))) for x, y, v in keypoints)
        return points, presence * float(keypoints[:, 2].mean())

    def _detect(self, crop: Image) -> tuple[NDArray[np.float32], float] | None:
        """Run both nets with MediaPipe."""
        import mediapipe

        rgb = np.ascontiguousarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
        found = self._landmarker.detect(image).pose_landmarks
        if not found:
            return None
        height, width = crop.shape[:2]
        rows = [(point.x * width, point.y * height, point.visibility) for point in found[0]]
        return np.array(rows, np.float32), 1.0

    def _coco_visibility(self, visibility: float) -> int:
        return 2 if visibility >= self._visible else int(visibility >= self._hidden)
