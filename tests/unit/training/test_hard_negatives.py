"""Hard negatives are sampled by key, at the configured share."""

from __future__ import annotations

from raasid.datasets.sampler import HardNegative, KeyedBatchSampler, SampleKey

PLACES = [HardNegative(3, 10.0, 20.0), HardNegative(7, 30.0, 40.0)]


def keys(share: float, places: list[HardNegative], rank: int = 0, world: int = 1) -> list[SampleKey]:
    sampler = KeyedBatchSampler(50, 200, 20, 1, rank, world, hard_negatives=places, hard_negative_share=share)
    return [key for batch in sampler for key in batch]


def test_the_asked_share_of_draws_goes_to_remembered_places() -> None:
    drawn = keys(0.4, PLACES)
    places = [key for key in drawn if key.centre is not None]
    assert 50 < len(places) < 110
    assert {(key.index, *key.centre) for key in places} == {(3, 10.0, 20.0), (7, 30.0, 40.0)}


def test_without_places_every_draw_is_ordinary() -> None:
    assert keys(0.4, []) == keys(0.0, PLACES)


def test_ranks_share_the_places_of_one_process() -> None:
    alone = {key.position: key for key in keys(0.4, PLACES)}
    assert {key.position: key for r in range(2) for key in keys(0.4, PLACES, r, 2)} == alone


def test_a_place_added_between_epochs_is_drawn_in_the_next_one() -> None:
    places = PLACES[:1].copy()
    sampler = KeyedBatchSampler(50, 200, 20, 1, hard_negatives=places, hard_negative_share=0.5)
    list(sampler)
    places.append(PLACES[1])
    sampler.set_epoch(1)
    assert any(key.index == 7 and key.centre for batch in sampler for key in batch)
