"""Leakage: a match of which one part is learned and another tested.

Leakage: a picture of one split that another split has, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from raasid.validation.image_checks import black
from raasid.validation.image_stats import same_pictures
from raasid.validation.types import Finding, Subject


def check_match_splits(subject: Subject) -> Iterator[Finding]:
    """Find matches with clips in more than one split."""
    split_of = {clip: split for split, clips in subject.splits.items() for clip in clips}
    parts: dict[str, dict[str, int]] = defaultdict(dict)
    for clip in subject.clips:
        if split := split_of.get(clip.id):
            parts[clip.match][split] = parts[clip.match].get(split, 0) + len(clip.frames)
    for match, frames in sorted(parts.items()):
        if len(frames) > 1:
            told = ", ".join(f"{count} in {split}" for split, count in sorted(frames.items()))
            yield Finding(
                "match_in_two_splits",
                "",
                None,
                f"match {match} has frames in {len(frames)} splits: {told}",
                frames=sum(frames.values()) - max(frames.values()),
            )


def check_split_twins(subject: Subject) -> Iterator[Finding]:
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
