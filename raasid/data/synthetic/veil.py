"""Where dug-outs, boards and the stand under the camera hide people and ball, without painting them."""

from __future__ import annotations

import cv2
import numpy as np

from raasid.data.synthetic.arrays import Floats, Image
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.panel import Panel
from raasid.data.synthetic.plate import between, spans, warped
from raasid.data.synthetic.stadium import Stadium

_MARGIN_PX = 8
"""So far beyond the picture a panel may still be felt: plates are resampled."""


def veils(cameras: list[Camera], stadium: Stadium) -> list[Floats | None]:
    """For each frame the alpha (h, w) of what `paint_plates` puts before people and ball, or None."""
    if not any(_reaches(camera, stadium.before) for camera in cameras):
        return [None] * len(cameras)
    out: list[Floats | None] = []
    for span, view in spans(cameras):
        alpha = _alpha(view, stadium.before)
        for camera in (cameras[i] for i in span):
            seen = None if alpha is None else warped(alpha, between(view, camera), camera.size)
            out.append(seen.astype(np.float32) / 255 if seen is not None and cv2.hasNonZero(seen) else None)
    return out


def _reaches(camera: Camera, panels: list[Panel]) -> bool:
    """False where all panels lie below the plane through the camera and the picture's bottom edge."""
    corners = np.concatenate([panel.corners for panel in panels])
    seen = camera.to_camera(corners)
    steepest = (camera.size[1] + _MARGIN_PX - camera.principal[1]) / camera.focal_px
    return bool((seen[:, 1] <= steepest * seen[:, 2]).any())


def _alpha(camera: Camera, panels: list[Panel]) -> Image | None:
    alpha = np.zeros(camera.size[::-1], np.uint8)
    for panel in panels:
        found = panel.mask(camera)
        if found is not None:
            (x0, y0, x1, y1), mask = found
            cv2.max(alpha[y0:y1, x0:x1], mask, dst=alpha[y0:y1, x0:x1])
    return alpha if cv2.hasNonZero(alpha) else None
