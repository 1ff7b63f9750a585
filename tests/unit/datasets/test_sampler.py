"""The order of samples is a function of seed, epoch and position."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.datasets.sampler import KeyedBatchSampler, SampleKey

sizes = st.integers(1, 60)


@given(
    frames=sizes, samples=sizes, per_rank=st.integers(1, 4), world=st.integers(1, 4), seed=st.integers(0, 9)
)
@settings(max_examples=60, deadline=None)
def test_ranks_together_draw_the_global_batches_of_one_process(
    frames: int, samples: int, per_rank: int, world: int, seed: int
) -> None:
    batch = per_rank * world
    alone = list(KeyedBatchSampler(frames, samples, batch, seed))
    shares = [list(KeyedBatchSampler(frames, samples, batch, seed, r, world)) for r in range(world)]
    together = [sorted(key for share in shares for key in share[k]) for k in range(len(alone))]
    assert together == [sorted(keys) for keys in alone]


def test_no_frame_comes_twice_before_all_came_once() -> None:
    keys = [key for batch in KeyedBatchSampler(5, 15, 5, seed=0) for key in batch]
    assert [sorted(k.index for k in keys[i : i + 5]) for i in (0, 5, 10)] == [[0, 1, 2, 3, 4]] * 3


def test_epochs_differ_and_repeat_themselves() -> None:
    sampler = KeyedBatchSampler(50, 50, 10, seed=3)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert [k.index for b in first for k in b] != [k.index for b in second for k in b]


def test_a_resumed_epoch_starts_at_its_batch_and_the_next_one_is_whole() -> None:
    whole = KeyedBatchSampler(12, 12, 3, seed=1)
    whole.set_epoch(2)
    resumed = KeyedBatchSampler(12, 12, 3, seed=1, start_epoch=2, skip=3)
    assert list(resumed) == list(whole)[3:]
    for sampler in (whole, resumed):
        sampler.set_epoch(3)
    assert list(resumed) == list(whole)


def test_fewer_samples_than_a_batch_still_make_one() -> None:
    assert list(KeyedBatchSampler(1, 1, 8, seed=0)) == [[SampleKey(0, 0, 0)]]
