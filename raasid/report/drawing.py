"""What pictures in a report are made of: vectors over a small JPEG, crisp in print at few kilobytes."""

from __future__ import annotations

import base64
from typing import Any

import cv2

Box = tuple[float, float, float, float]

_QUALITY = 80


def outlined(shape: str, colour: str, dash: str = "", width: float = 1.5) -> str:
    """A shape (an SVG element without its end) on a dark halo: it shows on grass, lines and in grey print."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<{shape} fill="none" stroke="#000" stroke-opacity=".55" stroke-width="{width + 1.3:g}"{dashes}/>'
        f'<{shape} fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}/>'
    )


def box_outline(box: Box, colour: str, dash: str = "") -> str:
    """A box given by centre and size."""
    cx, cy, w, h = box
    return outlined(
        f'rect x="{cx - w / 2:.1f}" y="{cy - h / 2:.1f}" width="{w:.1f}" height="{h:.1f}"', colour, dash
    )


def data_uri(image: Any) -> str:
    """A picture (height, width, 3) blue-green-red as a JPEG inside the page."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
