"""Matches that are farther from everything known than known matches are from each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from raasid.stats.embedding_profile import EmbeddingProfile, Embeddings
from raasid.stats.novelty import exceedance_p, find_novelty


def embeddings(
    seed: int, prefix: str, matches: int, clips: int = 4, new: int = 0, correlation: float = 0.2
) -> Embeddings:
    """One embedding (16,) for each clip; the first `new` matches lie elsewhere."""
    rng = np.random.default_rng([seed, matches, ord(prefix)])
    rows = rng.normal(size=(matches, 1, 16)) * correlation**0.5
    rows = rows + rng.normal(size=(matches, clips, 16)) * (1 - correlation) ** 0.5
    rows[:new] += 3.0
    names = [f"{prefix}{m:02d}" for m in range(matches) for _ in range(clips)]
    return Embeddings.of(rows.reshape(-1, 16), names, [f"{name}-{k}" for k, name in enumerate(names)])


def test_two_new_matches_among_ten_are_found_and_their_clips_named() -> None:
    known = EmbeddingProfile.of(embeddings(0, "r", 60))
    found = find_novelty(known, embeddings(0, "c", 10, new=2))
    assert set(found.far_matches) >= {"c00", "c01"}
    assert found.p < 0.05
    assert {clip.match for clip in found.far_clips} >= {"c00", "c01"}
    assert all(clip.distance > found.clip_threshold for clip in found.far_clips)
    farthest = [clip.distance for clip in found.far_clips]
    assert farthest == sorted(farthest, reverse=True)
    assert found.far_clips[0].clip.startswith(found.far_clips[0].match)


@pytest.mark.parametrize(("clips", "reference_clips"), [(4, 4), (2, 10), (10, 2)])
def test_noise_alone_is_new_in_at_most_five_percent(clips: int, reference_clips: int) -> None:
    alarms = 0
    for seed in range(120):
        known = EmbeddingProfile.of(embeddings(seed, "r", 40, reference_clips, correlation=0.05))
        alarms += find_novelty(known, embeddings(seed, "c", 8, clips, correlation=0.05)).p < 0.05
    assert alarms <= 12, "5 % of 120 are 6; more than 12 happen in 1 % of cases"


@pytest.mark.parametrize(
    ("far", "spared", "current", "reference"), [(1, 0, 3, 4), (2, 1, 3, 5), (3, 1, 4, 4)]
)
def test_the_chance_is_that_of_all_orders(far: int, spared: int, current: int, reference: int) -> None:
    """Every choice of the ranks of the current values is as likely as every other."""
    ranks = list(combinations(range(current + reference), current))
    hits = 0
    for ours in ranks:
        theirs = sorted(set(range(current + reference)) - set(ours), reverse=True)
        hits += sum(rank > theirs[spared] for rank in ours) >= far
    assert exceedance_p(far, spared, current, reference) == pytest.approx(hits / len(ranks))


def test_without_a_far_match_there_is_no_evidence() -> None:
    assert exceedance_p(0, 2, 10, 40) == 1.0
