"""Which of a model's embeddings are kept and compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from raasid.datasets.context.sample_meta import ClipRef
from raasid.laws.facts import Facts
from raasid.monitoring.prediction_features import ROWS_PER_MATCH
from raasid.pipeline.embeddings import comparable_embeddings, embedding_profile, split_embeddings


def predicted(matches: int, clips: int, dimensions: int = 4, source: str = "predicted") -> Any:
    """What a context model says of clips, on predicted and on annotated tracks."""
    rng = np.random.default_rng(matches)
    refs = [
        ClipRef(f"m{m}-{c}", f"m{m}", Facts(), tracks)
        for m in range(matches)
        for c in range(clips)
        for tracks in ("predicted", "truth")
    ]
    rows = {ref.key: rng.normal(size=dimensions).astype(np.float32) for ref in refs}
    return SimpleNamespace(
        data=SimpleNamespace(source=source), collected=SimpleNamespace(refs=refs), embeddings=rows
    )


def test_clips_count_with_the_tracks_of_the_configured_source_only() -> None:
    found = split_embeddings(predicted(3, 2))
    assert found is not None
    assert found.clips.tolist() == ["m0-0", "m0-1", "m1-0", "m1-1", "m2-0", "m2-1"]
    other = split_embeddings(predicted(3, 2, source="truth"))
    assert other is not None
    assert not np.allclose(found.rows, other.rows)


def test_known_matches_and_rows_that_are_not_finite_are_left_out() -> None:
    said = predicted(3, 2)
    said.embeddings["m1-0", "predicted"][0] = np.nan
    found = split_embeddings(said, known={"m0"})
    assert found is not None
    assert found.clips.tolist() == ["m1-1", "m2-0", "m2-1"]


def test_a_match_with_many_rows_is_thinned() -> None:
    found = split_embeddings(predicted(2, ROWS_PER_MATCH + 5))
    assert found is not None
    assert len(found.rows) == 2 * ROWS_PER_MATCH


def test_models_without_embeddings_and_single_matches_have_no_profile() -> None:
    silent = predicted(3, 2)
    silent.embeddings = {}
    assert split_embeddings(silent) is None
    assert embedding_profile(silent) is None
    assert embedding_profile(predicted(1, 5)) is None
    assert embedding_profile(predicted(2, 5)) is not None


def test_embeddings_of_another_layer_are_not_compared() -> None:
    profile = embedding_profile(predicted(3, 4))
    assert comparable_embeddings(predicted(5, 4), profile, {"m0", "m1", "m2"}) is not None
    assert comparable_embeddings(predicted(5, 4, dimensions=6), profile, ()) is None
    assert comparable_embeddings(predicted(5, 4), None, ()) is None
