"""The frame of every report: one self-contained HTML file that prints well and needs no colour vision.

What pictures in a report are made of: vectors over a small JPEG, crisp in print at few kilobytes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2


def write_document(path: Path, title: str, parts: Iterable[str]) -> Path:
    """Write a page of HTML parts, in order, to `path`, and return it; `title` is plain text."""
    style = files("raasid.reports").joinpath("report.css").read_text(encoding="utf-8")
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")
    return path


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
