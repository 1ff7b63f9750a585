"""Which sample comes when: a function of seed, epoch and position alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Sampler


@dataclass(frozen=True, slots=True, order=True)
class SampleKey:
    """One draw; everything random about the sample is derived from these numbers and the run's seed."""

    epoch: int
    position: int
    """Position in the epoch's global order."""
    index: int
    """Frame of the dataset."""
    centre: tuple[float, float] | None = None
    """Point that the crop must contain, in pixels of the whole frame; None: the cropper chooses."""


@dataclass(frozen=True, slots=True)
class HardNegative:
    """A position in a training frame that the model took for a ball."""

    index: int
    x: float
    y: float


class KeyedBatchSampler(Sampler[list[SampleKey]]):
    """Batches of keys for one rank.

    The global order depends on (seed, epoch) alone, and global batch k is the same set of samples for any
    number of ranks: rank r takes every `world_size`-th of it. A resumed run passes the position that it had
    reached (`start_epoch`, `skip` batches), because Lightning creates the iterator before it announces the
    epoch.

    num_samples: draws per epoch; more than `num_frames` repeats frames, fewer leaves some out.
    hard_negatives: in the order in which they were found; `hard_negative_share` of the draws go there once
    there are any. The list may grow between epochs, never within one.
    num_auxiliary: additional frames, numbered from `num_frames` on, that get `auxiliary_share` of the draws.
    A last, smaller batch is dropped unless the epoch would then be empty.
    """

    def __init__(
        self,
        num_frames: int,
        num_samples: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        start_epoch: int = 0,
        skip: int = 0,
        hard_negatives: Sequence[HardNegative] = (),
        hard_negative_share: float = 0.0,
        num_auxiliary: int = 0,
        auxiliary_share: float = 0.0,
    ) -> None:
        self.num_frames, self.num_samples, self.seed = num_frames, num_samples, seed
        self.hard_negatives, self.hard_negative_share = hard_negatives, hard_negative_share
        self.num_auxiliary, self.auxiliary_share = num_auxiliary, auxiliary_share
        self.batch_size = batch_size
        self.rank, self.world_size = rank, world_size
        self.epoch = start_epoch
        self._start = (start_epoch, skip)

    @property
    def sampler(self) -> KeyedBatchSampler:
        """Return itself: Lightning looks here for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that the next iteration draws; called by Lightning."""
        self.epoch = epoch

    def __len__(self) -> int:
        return max(1, self.num_samples // self.batch_size)

    def __iter__(self) -> Iterator[list[SampleKey]]:
        order = self._order()
        replaced = self._hard_negative_draws() | self._auxiliary_draws()
        skip = self._start[1] if self._start[0] == self.epoch else 0
        for batch in range(skip, len(self)):
            first = batch * self.batch_size
            positions = range(
                first + self.rank, min(first + self.batch_size, self.num_samples), self.world_size
            )
            yield [replaced.get(p) or SampleKey(self.epoch, p, int(order[p])) for p in positions]

    def _order(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Concatenate complete permutations, so that no frame comes twice before all came once."""
        rng = np.random.default_rng([self.seed, self.epoch])
        rounds = -(-self.num_samples // self.num_frames)
        permutations = [rng.permutation(self.num_frames) for _ in range(rounds)]
        return np.concatenate(permutations)[: self.num_samples]

    def _hard_negative_draws(self) -> dict[int, SampleKey]:
        """Return this epoch's draws that go to a hard negative instead, by position."""
        if not self.hard_negatives or not self.hard_negative_share:
            return {}
        rng = np.random.default_rng([self.seed, self.epoch, 1])
        drawn = rng.random(self.num_samples) < self.hard_negative_share
        which = rng.integers(len(self.hard_negatives), size=self.num_samples)
        draws = {}
        for position in np.flatnonzero(drawn).tolist():
            negative = self.hard_negatives[which[position]]
            draws[position] = SampleKey(self.epoch, position, negative.index, (negative.x, negative.y))
        return draws

    def _auxiliary_draws(self) -> dict[int, SampleKey]:
        """Return this epoch's draws that go to the auxiliary frames instead, by position."""
        if not self.num_auxiliary or not self.auxiliary_share:
            return {}
        rng = np.random.default_rng([self.seed, self.epoch, 3])
        drawn = rng.random(self.num_samples) < self.auxiliary_share
        which = rng.integers(self.num_auxiliary, size=self.num_samples)
        return {
            p: SampleKey(self.epoch, p, self.num_frames + int(which[p]))
            for p in np.flatnonzero(drawn).tolist()
        }
