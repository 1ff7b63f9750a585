"""The frame of every report: one self-contained HTML file that prints well and needs no colour vision."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path


def write_document(path: Path, title: str, parts: Iterable[str]) -> Path:
    """Write a page of HTML parts, in order, to `path`, and return it; `title` is plain text."""
    style = files("raasid.report").joinpath("report.css").read_text(encoding="utf-8")
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")
    return path
