"""The metrics by which a model is judged, without loading what measures them."""

from __future__ import annotations

from collections.abc import Iterable

DECISIVE = {
    "ball_model": ("detection_rate", "false_positives"),
    "pose_model": ("AP50", "mAP"),
    "context_model": ("accuracy", "macro_f1"),
}
"""The one that decides first; the evaluation of a task names the same (`Result.decisive`)."""


def decisive(name: str, measured: Iterable[str]) -> tuple[str, ...]:
    """The metrics to look at first; of a model that is not known here, the first two that were measured."""
    return DECISIVE.get(name) or tuple(dict.fromkeys(measured))[:2]


def decisive_first(name: str, measured: Iterable[str]) -> list[str]:
    """All metrics that were measured, those that decide in front."""
    known = list(dict.fromkeys(measured))
    first = [metric for metric in decisive(name, known) if metric in known]
    return first + [metric for metric in known if metric not in first]
