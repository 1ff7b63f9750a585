"""Building blocks of a report: a self-contained HTML document, SVG outlines, embedded images.

Reports print well and do not rely on colour; annotations are vectors over a small JPEG.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2

from raasid.escaping import printable_lines
from raasid.io.atomic import write_atomic

Box = tuple[float, float, float, float]

_JPEG_QUALITY = 80


def write_document(path: Path, title: str, parts: Iterable[str]) -> Path:
    """Write a page of HTML parts to `path` and return it; `title` is plain text.

    Escapes what `escaping.printable_lines` does, in whatever part it is: HTML has no control characters.
    """
    style = files("raasid.reports").joinpath("report.css").read_text(encoding="utf-8")
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    write_atomic(path, printable_lines(page))
    return path


def outlined(shape: str, colour: str, dash: str = "", width: float = 1.5) -> str:
    """Draw a shape (an SVG element without its end) on a dark halo, visible on any background."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<{shape} fill="none" stroke="#000" stroke-opacity=".55" stroke-width="{width + 1.3:g}"{dashes}/>'
        f'<{shape} fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}/>'
    )


def box_outline(box: Box, colour: str, dash: str = "") -> str:
    """Draw a box given by centre and size."""
    cx, cy, w, h = box
    return outlined(
        f'rect x="{cx - w / 2:.1f}" y="{cy - h / 2:.1f}" width="{w:.1f}" height="{h:.1f}"', colour, dash
    )


def data_uri(image: Any) -> str:
    """Encode an image (height, width, 3), BGR, as a JPEG data URI."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def plural(n: int, noun: str) -> str:
    """Format a count with its noun: `2 matches`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{'es' if noun.endswith('ch') else 's'}"
