"""Leakage: a match of which one part is learned and another tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
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
