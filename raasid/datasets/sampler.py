"""Which sample comes when: a function of seed, epoch and position, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Sampler


@dataclass(frozen=True, slots=True, order=True)
class SampleKey:
    """One draw. Everything random about it is derived from these numbers and the run's seed."""

    epoch: int
    position: int
    """Place in the epoch's global order."""
    index: int
    """Which frame of the dataset."""
    centre: tuple[float, float] | None = None
    """Where to look, in pixels of the whole frame; None leaves it to the cropper."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A place in a training frame that the model took for a ball."""

    index: int
    x: float
    y: float


class KeyedBatchSampler(Sampler[list[SampleKey]]):
    """Batches of keys for one rank.

    The global order is made from (seed, epoch) alone and global batch k is the same set of samples
    for any number of ranks: rank r takes every world-th of it. A resumed run asks for the position
    it had reached (`start_epoch`, `skip` batches), because Lightning creates the iterator before it
    announces the epoch.

    samples: draws per epoch; more than `frames` repeats them, fewer leaves some out.
    look_alikes: places that fooled the model, in the order in which they were found; `share` of the draws
    go there once there are any. The list may grow between epochs, never within one.
    beside: further frames, numbered from `frames` on, that get `beside_share` of the draws.
    A last, smaller batch is dropped unless the epoch would then be empty.
    """

    def __init__(
        self,
        frames: int,
        samples: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        start_epoch: int = 0,
        skip: int = 0,
        look_alikes: Sequence[LookAlike] = (),
        share: float = 0.0,
        beside: int = 0,
        beside_share: float = 0.0,
    ) -> None:
        self.frames, self.samples, self.seed = frames, samples, seed
        self.look_alikes, self.share = look_alikes, share
        self.beside, self.beside_share = beside, beside_share
        self.batch_size = batch_size
        self.rank, self.world = rank, world
        self.epoch = start_epoch
        self._start = (start_epoch, skip)

    @property
    def sampler(self) -> KeyedBatchSampler:
        """Itself: where Lightning looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Lightning says which epoch comes."""
        self.epoch = epoch

    def __len__(self) -> int:
        return max(1, self.samples // self.batch_size)

    def __iter__(self) -> Iterator[list[SampleKey]]:
        order, places = self._order(), self._places() | self._frames_beside()
        skip = self._start[1] if self._start[0] == self.epoch else 0
        for batch in range(skip, len(self)):
            first = batch * self.batch_size
            positions = range(first + self.rank, min(first + self.batch_size, self.samples), self.world)
            yield [places.get(p) or SampleKey(self.epoch, p, int(order[p])) for p in positions]

    def _order(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Whole permutations, one after another, so that no frame comes twice before all came once."""
        rng = np.random.default_rng([self.seed, self.epoch])
        rounds = -(-self.samples // self.frames)
        return np.concatenate([rng.permutation(self.frames) for _ in range(rounds)])[: self.samples]

    def _places(self) -> dict[int, SampleKey]:
        """Draws of this epoch that go to a look-alike instead, by position."""
        if not self.look_alikes or not self.share:
            return {}
        rng = np.random.default_rng([self.seed, self.epoch, 1])
        go, which = (
            rng.random(self.samples) < self.share,
            rng.integers(len(self.look_alikes), size=self.samples),
        )
        places = {}
        for position in np.flatnonzero(go).tolist():
            place = self.look_alikes[which[position]]
            places[position] = SampleKey(self.epoch, position, place.index, (place.x, place.y))
        return places

    def _frames_beside(self) -> dict[int, SampleKey]:
        """Draws of this epoch that go to the further frames, by position."""
        if not self.beside or not self.beside_share:
            return {}
        rng = np.random.default_rng([self.seed, self.epoch, 3])
        go, which = rng.random(self.samples) < self.beside_share, rng.integers(self.beside, size=self.samples)
        return {p: SampleKey(self.epoch, p, self.frames + int(which[p])) for p in np.flatnonzero(go).tolist()}
