from __future__ import annotations

import numpy as np
import pytest

from raasid.stats.columns import DriftInputError
from raasid.stats.embedding_drift import embedding_drift


def rows(rng: np.random.Generator, matches: int, correlation: float, shift: float = 0.0) -> np.ndarray:
    of_match = rng.normal(size=(matches, 1, 16)) * correlation**0.5
    return (of_match + rng.normal(size=(matches, 20, 16)) * (1 - correlation) ** 0.5 + shift).reshape(-1, 16)


def names(matches: int, prefix: str) -> list[str]:
    return [f"{prefix}{k}" for k in range(matches) for _ in range(20)]


def test_a_shift_in_all_dimensions_is_found() -> None:
    rng = np.random.default_rng(0)
    found = embedding_drift(rows(rng, 10, 0.0, shift=0.3), rows(rng, 50, 0.0))
    assert (found.verdict, found.unit, found.units, found.p) == ("drift", "row", 200, 1 / 2000)
    assert 0.05 < found.effect < found.distance


def test_a_changed_correlation_of_dimensions_is_found_that_no_single_feature_shows() -> None:
    rng = np.random.default_rng(0)
    reference, current = rng.normal(size=(1000, 4)), rng.normal(size=(500, 4))
    current[:, 1] = current[:, 0] * 0.95 + current[:, 1] * 0.05
    current[:, 1] /= current[:, 1].std()
    assert embedding_drift(current, reference).verdict == "drift"


@pytest.mark.parametrize("correlation", [0.0, 0.2])
def test_without_drift_alarms_are_as_rare_as_alpha(correlation: float) -> None:
    rng = np.random.default_rng(1)
    significant = 0
    for seed in range(60):
        found = embedding_drift(
            rows(rng, 8, correlation),
            rows(rng, 30, correlation),
            matches=names(8, "c"),
            reference_matches=names(30, "r"),
            permutations=199,
            seed=seed,
        )
        significant += found.p < 0.05
    assert significant <= 9


def test_frames_of_a_match_are_not_independent() -> None:
    """Without matches the same rows would be significant almost always."""
    rng = np.random.default_rng(2)
    p = [embedding_drift(rows(rng, 8, 0.2), rows(rng, 30, 0.2), permutations=199).p for _ in range(10)]
    assert np.median(p) < 0.05


def test_one_match_is_too_few() -> None:
    rng = np.random.default_rng(0)
    found = embedding_drift(
        rows(rng, 1, 0.2, shift=3), rows(rng, 9, 0.2), matches=names(1, "c"), reference_matches=names(9, "r")
    )
    assert (found.verdict, found.smallest_p) == ("too few", 0.1)


def test_equal_embeddings_do_not_drift() -> None:
    found = embedding_drift(np.ones((50, 3)), np.ones((90, 3)))
    assert (found.verdict, found.width) == ("no drift", 0.0)
    assert found.effect < 1e-6


@pytest.mark.parametrize(
    ("current", "options", "message"),
    [
        (np.zeros((3, 5)), {}, "current has 5 dimensions, the reference 2"),
        (np.array([[0.0, np.nan]]), {}, "1 rows are not finite, the first is row 0"),
        (np.zeros((0, 2)), {}, "expected embeddings"),
        (np.zeros((3, 2)), {"matches": list("abc")}, "of both sides, or of none"),
        (
            np.zeros((3, 2)),
            {"matches": list("abc"), "reference_matches": list("cde")},
            "match 'c' is on both",
        ),
    ],
)
def test_embeddings_that_cannot_be_compared_are_refused(current, options, message) -> None:
    with pytest.raises(DriftInputError, match=message):
        embedding_drift(current, np.zeros((3, 2)), **options)
