"""Quality: a clip that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from raasid.data.checks.exposure import black
from raasid.data.checks.finding import Finding
from raasid.data.checks.look import Look
from raasid.data.checks.subject import Subject
from raasid.data.checks.thresholds import Thresholds


def still(seen: Look, thresholds: Thresholds) -> bool:
    """Whether a picture is the one before once more, compressed anew perhaps."""
    return seen.moved <= thresholds.still and seen.changed <= thresholds.noise


def check(subject: Subject) -> Iterator[Finding]:
    """Find frames that show the same picture as the frame before in their clip."""
    limits = subject.thresholds
    for clip in subject.clips:
        for before, frame in pairwise(clip.frames):
            seen = subject.sight.looks.get((clip.id, frame.index))
            if seen is not None and still(seen, limits) and not black(seen, limits):
                yield Finding(
                    "frozen",
                    clip.id,
                    frame.index,
                    f"nothing moved since the frame before: the largest change is {seen.moved:.4f} of white",
                    path=str(frame.image),
                    value=seen.moved,
                    limit=limits.still,
                    other=(clip.id, before.index),
                )
