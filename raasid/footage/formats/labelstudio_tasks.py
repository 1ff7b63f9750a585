"""Label Studio tasks: which of several annotations counts, and which file a task is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from raasid.footage.formats.parsing.values import ValueUnusable, mapping, number, short_repr, text
from raasid.footage.formats.yolo_sheet import IMAGE_SUFFIXES
from raasid.footage.records import AnnotationSource
from raasid.io.video_reader import VIDEO_SUFFIXES

_UPLOADED = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}-(?=.)")
"""What an upload puts before the name of a file."""


@dataclass(frozen=True, slots=True)
class ChosenAnnotation:
    """The annotation of a task that counts."""

    results: list[dict[str, Any]]
    source: AnnotationSource | None
    """Set where it is a model's prediction."""
    annotator: str


@dataclass(frozen=True, slots=True)
class TaskMedia:
    """The file of a task: its names, the likeliest first, and whether it is a video."""

    names: tuple[str, ...]
    video: bool


def task_media(data: object) -> TaskMedia:
    """Return what `data` names: an upload, a local file, a path or an address.

    A file may lie in the data root under its own name, with or without what the upload put before it, or
    under its whole path. Raises ValueUnusable.
    """
    given = mapping(data, "data")
    known = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    for key in sorted(given, key=lambda key: (key not in ("image", "video"), str(key))):
        if not isinstance(given[key], str):
            continue
        path = _path(text(given[key], f"data.{key}", max_length=2000))
        suffix = PurePosixPath(path).suffix.lower()
        if suffix in known or key in ("image", "video"):
            bare = text(PurePosixPath(path).name, f"data.{key}")
            names = dict.fromkeys((bare, _UPLOADED.sub("", bare), path.lstrip("/")))
            return TaskMedia(
                tuple(names), suffix in VIDEO_SUFFIXES or (key == "video" and suffix not in known)
            )
    raise ValueUnusable(f"task without image or video: data is {short_repr(data)}")


def _path(address: str) -> str:
    try:
        parts = urlsplit(address)
        inner = parse_qs(parts.query).get("d")
    except ValueError as error:
        raise ValueUnusable(f"no path or address: {short_repr(address)}") from error
    return unquote(inner[0] if inner else parts.path if parts.scheme or address.startswith("/") else address)


def choose_annotation(task: Mapping[str, Any]) -> ChosenAnnotation | None:
    """Return the annotation that counts: the ground truth, else the newest, else the newest prediction.

    Annotations that were cancelled do not count. None: the task has no annotation.
    """
    annotations = [
        each for each in _objects(task.get("annotations")) if each.get("was_cancelled") is not True
    ]
    if annotations:
        chosen = max(enumerate(annotations), key=_weight)[1]
        by = chosen.get("completed_by")
        annotator = f"labelstudio:{by}" if isinstance(by, int) and not isinstance(by, bool) else "labelstudio"
        return ChosenAnnotation(_objects(chosen.get("result")), None, annotator)
    predictions = _objects(task.get("predictions"))
    if not predictions:
        return None
    chosen = max(enumerate(predictions), key=_weight)[1]
    try:
        source = text(chosen.get("model_version"), "model_version")
    except ValueUnusable:
        source = "labelstudio/prediction"
    try:
        confidence = number(chosen.get("score"), "score", 0, 1)
    except ValueUnusable:
        confidence = 0.0
    return ChosenAnnotation(_objects(chosen.get("result")), AnnotationSource(source, confidence), source)


def _weight(entry: tuple[int, Mapping[str, Any]]) -> tuple[bool, str, int, int]:
    place, annotation = entry
    moment = annotation.get("updated_at") or annotation.get("created_at") or ""
    number_ = annotation.get("id")
    return (
        annotation.get("ground_truth") is True,
        moment if isinstance(moment, str) else "",
        number_ if isinstance(number_, int) else -1,
        place,
    )


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
