"""What a version keeps of its embeddings, and the comparison with it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from raasid.stats.columns import DriftInputError
from raasid.stats.embedding_profile import MAX_SAMPLE, EmbeddingProfile, Embeddings, spread
from raasid.stats.match_profile import ProfileUnusableError


def embeddings(
    seed: int,
    prefix: str,
    matches: int,
    clips: int = 4,
    frames: int = 3,
    correlation: float = 0.2,
    shift: float = 0.0,
    shifted: int | None = None,
) -> Embeddings:
    """Embeddings (matches x clips x frames, 16); the first `shifted` matches are shifted."""
    rng = np.random.default_rng([seed, matches, ord(prefix)])
    rows = rng.normal(size=(matches, 1, 1, 16)) * correlation**0.5
    rows = rows + rng.normal(size=(matches, clips, 1, 16)) * 0.3**0.5
    rows = rows + rng.normal(size=(matches, clips, frames, 16)) * (0.7 - correlation) ** 0.5
    rows[: matches if shifted is None else shifted] += shift
    names = [f"{prefix}{m}" for m in range(matches) for _ in range(clips * frames)]
    of_clip = [f"{prefix}{m}-{c}" for m in range(matches) for c in range(clips) for _ in range(frames)]
    return Embeddings.of(rows.reshape(-1, 16), names, of_clip)


@pytest.fixture(scope="module")
def profile() -> EmbeddingProfile:
    return EmbeddingProfile.of(embeddings(0, "r", 20))


def test_a_shift_of_all_matches_drifts_and_another_sample_does_not(profile: EmbeddingProfile) -> None:
    moved, same = (profile.compare(embeddings(1, "c", 10, shift=shift)) for shift in (0.5, 0.0))
    assert (moved.verdict, same.verdict) == ("drift", "no drift")
    (feature,) = moved.features
    assert feature.name == "embedding"
    assert 0.05 <= feature.effect < feature.distance
    assert sum(feature.shares) == pytest.approx(1.0)
    (mean_now, mean_before) = (np.dot(feature.points, s) for s in (feature.shares, feature.reference_shares))
    assert mean_now > mean_before


def test_one_match_is_too_few_and_the_report_says_how_many_more(profile: EmbeddingProfile) -> None:
    report = profile.compare(embeddings(1, "c", 1, shift=3.0), alpha=0.02)
    assert (report.verdict, report.more_units_needed) == ("too few", 1)


@pytest.mark.parametrize(("clips", "reference_clips"), [(4, 4), (2, 10), (10, 2)])
def test_without_drift_alarms_are_as_rare_as_alpha_also_if_matches_are_shorter_on_one_side(
    clips: int, reference_clips: int
) -> None:
    significant = 0
    for seed in range(100):
        known = EmbeddingProfile.of(embeddings(seed, "r", 40, reference_clips, 1, 0.05))
        found = known.compare(embeddings(seed, "c", 8, clips, 1, 0.05), permutations=199, seed=seed)
        significant += found.features[0].p < 0.05
    assert significant <= 11


def test_the_stored_profile_decides_as_the_one_in_memory(profile: EmbeddingProfile) -> None:
    text = json.dumps(profile.to_document())
    again = EmbeddingProfile.from_document(json.loads(text))
    current = embeddings(1, "c", 10, shift=0.3)
    assert again.compare(current) == profile.compare(current)
    assert json.dumps(again.to_document()) == text


def test_the_sample_is_small_and_of_all_matches() -> None:
    large = embeddings(0, "r", 60, 10, 3)
    known = EmbeddingProfile.of(large)
    assert len(known.sample) <= MAX_SAMPLE
    distances = ((known.sample[:, None] - large.rows[None]) ** 2).sum(axis=2)
    assert len(set(large.matches[distances.argmin(axis=1)].tolist())) == 60


def test_known_clips_are_compared_with_other_matches_only(profile: EmbeddingProfile) -> None:
    assert len(profile.known.distance) == 80
    assert profile.known.distance.min() > 0.5
    close = Embeddings.of(profile.sample[:4] + 1e-3, list("abcd"), list("abcd"))
    assert profile.distances(close).distance.max() < 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample": [[1.0], [2.0, 3.0]]}, "embedding: ValueError"),
        ({"means": [[0.0]]}, "shapes"),
        ({"first_phases": [0.0, 0.0, 0.0, 0.0]}, "another version of numpy"),
        ({"known": {}}, "KeyError"),
        ({"width": None}, "TypeError"),
    ],
)
def test_a_damaged_profile_is_refused(
    change: dict[str, Any], message: str, profile: EmbeddingProfile
) -> None:
    with pytest.raises(ProfileUnusableError, match=message):
        EmbeddingProfile.from_document(profile.to_document() | change)


def test_sides_that_cannot_be_compared_are_refused(profile: EmbeddingProfile) -> None:
    with pytest.raises(DriftInputError, match="3 dimensions, the reference 16"):
        profile.compare(Embeddings.of(np.zeros((2, 3)), ["a", "b"], ["x", "y"]))
    with pytest.raises(DriftInputError, match="match 'r0' is on both sides"):
        profile.compare(embeddings(0, "r", 2))
    with pytest.raises(DriftInputError, match="needs two at least"):
        EmbeddingProfile.of(embeddings(0, "r", 1))


def test_values_are_spread_over_all() -> None:
    assert spread(list(range(10)), 3) == [1, 5, 8]
    assert spread([1, 2], 3) == [1, 2]
