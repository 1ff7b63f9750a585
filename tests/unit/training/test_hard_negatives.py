"""Hard negatives are sampled by key, at the configured share."""

from __future__ import annotations

from raasid.datasets.sampler import HardNegative, KeyedBatchSampler, SampleKey

HARD_NEGATIVES = [HardNegative(3, 10.0, 20.0), HardNegative(7, 30.0, 40.0)]


def keys(share: float, hard_negatives: list[HardNegative], rank: int = 0, world: int = 1) -> list[SampleKey]:
    sampler = KeyedBatchSampler(
        50, 200, 20, 1, rank, world, hard_negatives=hard_negatives, hard_negative_share=share
    )
    return [key for batch in sampler for key in batch]


def test_the_configured_share_of_draws_are_hard_negatives() -> None:
    drawn = keys(0.4, HARD_NEGATIVES)
    hard_negatives = [key for key in drawn if key.centre is not None]
    assert 50 < len(hard_negatives) < 110
    assert {(key.index, *key.centre) for key in hard_negatives} == {(3, 10.0, 20.0), (7, 30.0, 40.0)}


def test_without_hard_negatives_every_draw_is_ordinary() -> None:
    assert keys(0.4, []) == keys(0.0, HARD_NEGATIVES)


def test_ranks_together_draw_the_hard_negatives_of_one_process() -> None:
    alone = {key.position: key for key in keys(0.4, HARD_NEGATIVES)}
    assert {key.position: key for r in range(2) for key in keys(0.4, HARD_NEGATIVES, r, 2)} == alone


def test_a_hard_negative_added_between_epochs_is_drawn_in_the_next_one() -> None:
    hard_negatives = HARD_NEGATIVES[:1].copy()
    sampler = KeyedBatchSampler(50, 200, 20, 1, hard_negatives=hard_negatives, hard_negative_share=0.5)
    list(sampler)
    hard_negatives.append(HARD_NEGATIVES[1])
    sampler.set_epoch(1)
    assert any(key.index == 7 and key.centre for batch in sampler for key in batch)
