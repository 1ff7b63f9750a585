"""The landmark half of MediaPipe's pose model, run where a box says that a person stands.

The whole model first looks for a person by the face; at thirty pixels there is none to be found, though the
joints can be seen. A `.task` file is a ZIP of both halves. Source: BlazePose (arXiv 2006.10204).
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.data.media import Image

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
            net.look(np.zeros((_EDGE, _EDGE, 3), np.uint8))
        except (zipfile.BadZipFile, KeyError, cv2.error):
            return None
        return net

    def look(self, crop: Image) -> tuple[NDArray[np.float32], float]:
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
