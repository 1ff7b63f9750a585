"""Quality: pictures without a sharp edge."""

from __future__ import annotations

from collections.abc import Iterator

from raasid.data.checks.exposure import black
from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find frames that are out of focus, or smeared by the camera's movement."""
    limits = subject.thresholds
    for clip in subject.clips:
        for frame in clip.frames:
            seen = subject.sight.looks.get((clip.id, frame.index))
            if seen is not None and seen.sharpness < limits.sharpness and not black(seen, limits):
                yield Finding(
                    "blurred",
                    clip.id,
                    frame.index,
                    f"blurred: sharpness {seen.sharpness:.3f}, in focus it is above {limits.sharpness:.3f}",
                    path=str(frame.image),
                    value=seen.sharpness,
                    limit=limits.sharpness,
                )
