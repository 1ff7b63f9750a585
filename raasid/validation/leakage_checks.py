"""Checks of leakage: matches, or near-identical images, in more than one split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from raasid.validation.image_checks import is_black
from raasid.validation.image_stats import find_same_images
from raasid.validation.types import CheckInput, Finding


def check_match_splits(data: CheckInput) -> Iterator[Finding]:
    """Find matches with clips in more than one split."""
    split_of = {clip: split for split, clips in data.splits.items() for clip in clips}
    frames_by_split: dict[str, dict[str, int]] = defaultdict(dict)
    for clip in data.clips:
        if split := split_of.get(clip.id):
            frames_by_split[clip.match][split] = frames_by_split[clip.match].get(split, 0) + len(clip.frames)
    for match, frames in sorted(frames_by_split.items()):
        if len(frames) > 1:
            message = ", ".join(f"{count} in {split}" for split, count in sorted(frames.items()))
            yield Finding(
                "match_in_two_splits",
                "",
                None,
                f"match {match} has frames in {len(frames)} splits: {message}",
                frames=sum(frames.values()) - max(frames.values()),
            )


def check_near_identical(data: CheckInput) -> Iterator[Finding]:
    """Find near-identical frames across splits, whatever their matches are named."""
    thresholds = data.thresholds
    number = {split: k for k, split in enumerate(sorted(data.splits))}
    split_of = {clip: split for split, clips in data.splits.items() for clip in clips}
    frames = [
        (clip, frame, stats)
        for clip in data.clips
        if clip.id in split_of
        for frame in clip.frames
        if (stats := data.images.by_frame.get((clip.id, frame.index))) is not None
        and not is_black(stats, thresholds)
    ]
    measured = [stats for *_, stats in frames]
    group = np.array([number[split_of[clip.id]] for clip, *_ in frames], np.int64)
    for i, j, gap in find_same_images(measured, group, thresholds.hash_bits, thresholds.near):
        (first, earlier, _), (clip, frame, _) = frames[i], frames[j]
        yield Finding(
            "near_identical_across_splits",
            clip.id,
            frame.index,
            f"in {split_of[clip.id]}, and as frame {earlier.index} of {first.id} in {split_of[first.id]}",
            path=str(frame.image),
            value=gap,
            limit=thresholds.near,
            other=(first.id, earlier.index),
        )
