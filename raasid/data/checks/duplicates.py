"""Quality: one picture twice, within a clip or in two clips."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.exposure import black
from raasid.data.checks.finding import Finding
from raasid.data.checks.frozen import still
from raasid.data.checks.similar import same_pictures
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find pictures that another frame has, too; a frozen clip is not told again."""
    limits = subject.thresholds
    frames = [
        (clip, frame, seen)
        for clip in subject.clips
        for frame in clip.frames
        if (seen := subject.sight.looks.get((clip.id, frame.index))) is not None
        and not black(seen, limits)
        and not still(seen, limits)
    ]
    looks = [seen for *_, seen in frames]
    alone = np.arange(len(frames))
    for i, j, gap in same_pictures(looks, alone, limits.hash_bits, limits.same):
        (first, earlier, _), (clip, frame, _) = frames[i], frames[j]
        if first is clip and abs(i - j) == 1:  # neighbours in slow footage
            continue
        yield Finding(
            "duplicate",
            clip.id,
            frame.index,
            f"the same picture as frame {earlier.index} of {first.id}",
            path=str(frame.image),
            value=gap,
            limit=limits.same,
            other=(first.id, earlier.index),
        )
