"""Leakage: a picture of one split that another split has, too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.exposure import black
from raasid.data.checks.finding import Finding
from raasid.data.checks.similar import same_pictures
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find near-identical frames across splits, whatever their matches are called."""
    limits = subject.thresholds
    number = {split: k for k, split in enumerate(sorted(subject.splits))}
    split_of = {clip: split for split, clips in subject.splits.items() for clip in clips}
    frames = [
        (clip, frame, seen)
        for clip in subject.clips
        if clip.id in split_of
        for frame in clip.frames
        if (seen := subject.sight.looks.get((clip.id, frame.index))) is not None and not black(seen, limits)
    ]
    looks = [seen for *_, seen in frames]
    group = np.array([number[split_of[clip.id]] for clip, *_ in frames], np.int64)
    for i, j, gap in same_pictures(looks, group, limits.hash_bits, limits.near):
        (first, earlier, _), (clip, frame, _) = frames[i], frames[j]
        yield Finding(
            "near_identical_across_splits",
            clip.id,
            frame.index,
            f"in {split_of[clip.id]}, and as frame {earlier.index} of {first.id} in {split_of[first.id]}",
            path=str(frame.image),
            value=gap,
            limit=limits.near,
            other=(first.id, earlier.index),
        )
