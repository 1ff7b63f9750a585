"""Novelty: current matches whose embeddings are farther from everything known than known matches are.

A known match is as far as its clips are, on average, from the nearest embedding of another known match. If
current matches were like known ones, few would be farther than nearly all of those, and how few is known
exactly: a precedence test, which looks at the far end alone and so finds a few new matches among many.
Sources: Rosenbaum 1954; Balakrishnan and Ng, Precedence-type tests and applications, 2006, §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from raasid.stats.embedding_profile import EmbeddingProfile, Embeddings

CLIP_QUANTILE = 0.95
_MATCHES_PER_OUTLIER = 20
"""One of so many known matches may be as far as it likes."""
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class NovelClip:
    """A clip that is far from everything known."""

    clip: str
    match: str
    distance: float


@dataclass(frozen=True, slots=True)
class Novelty:
    """How much of the current footage is new."""

    p: float
    """Chance of so many far matches if none were new."""
    matches: int
    reference_matches: int
    far_matches: tuple[str, ...]
    """Current matches beyond nearly all of the reference's, the farthest first."""
    far_clips: tuple[NovelClip, ...]
    """Their clips beyond `clip_threshold`, the farthest first."""
    clips: int
    clip_threshold: float
    """The 95 % quantile of the reference's clips."""
    match_threshold: float


def find_novelty(profile: EmbeddingProfile, current: Embeddings) -> Novelty:
    """Compare current matches with those of a profile. Raises DriftInputError."""
    found = profile.distances(current)
    most = int(min(found.clips_per_match(), profile.known.clips_per_match()))
    scores = found.by_match(most)
    known = sorted(profile.known.by_match(most).values(), reverse=True)
    spared = len(known) // _MATCHES_PER_OUTLIER
    level = known[spared]
    threshold = float(np.quantile(profile.known.distance, CLIP_QUANTILE))
    far = sorted(
        (name for name, score in scores.items() if score > level * (1 + _TIE)),
        key=lambda name: (-scores[name], name),
    )
    clips = [
        NovelClip(clip, match, float(distance))
        for clip, match, distance in zip(found.clips, found.matches, found.distance, strict=True)
        if match in far and distance > threshold
    ]
    return Novelty(
        p=exceedance_p(len(far), spared, len(scores), len(known)),
        matches=len(scores),
        reference_matches=len(known),
        far_matches=tuple(far),
        far_clips=tuple(sorted(clips, key=lambda each: (-each.distance, each.match, each.clip))),
        clips=len(found.clips),
        clip_threshold=threshold,
        match_threshold=level,
    )


def exceedance_p(far: int, spared: int, current: int, reference: int) -> float:
    """Chance that at least `far` of the current values exceed all but `spared` of the reference's.

    All values are drawn from one distribution: among the `far + spared` largest are then at most `spared` of
    the reference, a hypergeometric tail.
    """
    top = far + spared
    ways = sum(comb(reference, k) * comb(current, top - k) for k in range(spared + 1))
    return ways / comb(current + reference, top) if far else 1.0
