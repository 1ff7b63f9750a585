"""The table of checks, and running them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Check, Subject

CHECKS = (
    "media",
    "exposure",
    "focus",
    "frozen",
    "duplicates",
    "boxes",
    "keypoints",
    "skeletons",
    "sides",
    "missing_ball",
    "ball_path",
    "duplicate_boxes",
    "names",
    "contact",
    "match_splits",
    "split_twins",
)
"""A check is a module here with a function `check`, and its kinds are rows in `kinds.KINDS`."""


def run_checks(subject: Subject, advance: Callable[[int], None]) -> list[Finding]:
    """Return all findings, check by check; `advance` is told 1 for each check."""
    found: list[Finding] = []
    for name in CHECKS:
        check = cast("Check", import_module(f"raasid.data.checks.{name}").check)
        found += check(subject)
        advance(1)
    return found
