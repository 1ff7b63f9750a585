"""A model's own embeddings of footage: what a version keeps of them, drift, and novelty."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from raasid.monitoring.feature_table import spread_by_match
from raasid.monitoring.prediction_features import ROWS_PER_MATCH
from raasid.pipeline.evaluation import SplitPredictions
from raasid.stats.columns import DriftInputError
from raasid.stats.embedding_profile import EmbeddingProfile, Embeddings


def split_embeddings(predicted: SplitPredictions, known: Collection[str] = ()) -> Embeddings | None:
    """Return the embeddings of the samples of a split; None if the model has none.

    Of the context task these are the clips with the tracks of the configured source. Every match gives at
    most as many as of its predictions are compared. known: matches to leave out.
    """
    source = getattr(predicted.data, "source", None)
    refs = [
        ref
        for ref in predicted.collected.refs
        if ref.key in predicted.embeddings
        and ref.match not in known
        and (source is None or ref.source == source)
    ]
    if not refs:
        return None
    refs = [refs[k] for k in spread_by_match([ref.match for ref in refs], ROWS_PER_MATCH)]
    rows = np.stack([predicted.embeddings[ref.key] for ref in refs]).astype(np.float64)
    finite = np.isfinite(rows).all(axis=1)
    if not finite.any():
        return None
    matches, clips = (np.array([getattr(ref, name) for ref in refs])[finite] for name in ("match", "clip"))
    return Embeddings.of(rows[finite], matches, clips)


def comparable_embeddings(
    predicted: SplitPredictions, profile: EmbeddingProfile | None, known: Collection[str]
) -> Embeddings | None:
    """Return the embeddings of matches that are not known; None if the profile has none of the same layer."""
    found = None if profile is None else split_embeddings(predicted, known)
    if found is None or profile is None or found.rows.shape[1] != profile.sample.shape[1]:
        return None
    return found


def embedding_profile(predicted: SplitPredictions) -> EmbeddingProfile | None:
    """Return what a version keeps of its embeddings of the test split; None where there is too little."""
    found = split_embeddings(predicted)
    try:
        return None if found is None else EmbeddingProfile.of(found)
    except DriftInputError:  # a single match
        return None
