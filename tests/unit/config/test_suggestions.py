"""Did you mean …?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.config.suggestions import nearest

KEYS = [
    "optimizer",
    "optimizer.lr",
    "data.batch_size",
    "data.eval_batch_size",
    "trainer.max_epochs",
    "model.channels",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("optimzer.lr", "optimizer.lr"),
        ("optimzer", "optimizer"),
        ("lr", "optimizer.lr"),
        ("batch_size", "data.batch_size"),
        ("batchsize", "data.batch_size"),
        ("trainer.max_epoch", "trainer.max_epochs"),
        ("zzz", None),
    ],
)
def test_the_key_that_was_meant_is_found(typed: str, meant: str | None) -> None:
    assert nearest(typed, KEYS) == meant


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=6))
def test_a_suggestion_is_a_candidate_whatever_their_order(typed: str, candidates: list[str]) -> None:
    suggestion = nearest(typed, candidates)

    assert suggestion is None or suggestion in candidates
    assert suggestion == nearest(typed, reversed(candidates))
