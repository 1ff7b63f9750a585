"""Quality: pictures in which nothing can be seen."""

from __future__ import annotations

from collections.abc import Iterator

from raasid.data.checks.finding import Finding
from raasid.data.checks.look import Look
from raasid.data.checks.subject import Subject
from raasid.data.checks.thresholds import Thresholds


def black(seen: Look, thresholds: Thresholds) -> bool:
    """Whether a picture is black or of one colour."""
    return seen.highlight < thresholds.dark or seen.contrast < thresholds.uniform


def check(subject: Subject) -> Iterator[Finding]:
    """Find black and uniform frames."""
    limits = subject.thresholds
    for clip in subject.clips:
        for frame in clip.frames:
            seen = subject.sight.looks.get((clip.id, frame.index))
            if seen is None or not black(seen, limits):
                continue
            if seen.highlight < limits.dark:
                message = f"black: the brightest hundredth of it reaches {seen.highlight:.3f} of white"
                value, limit = seen.highlight, limits.dark
            else:
                message = f"of one colour: brightness varies by {seen.contrast:.4f} of white"
                value, limit = seen.contrast, limits.uniform
            yield Finding(
                "black", clip.id, frame.index, message, path=str(frame.image), value=value, limit=limit
            )
