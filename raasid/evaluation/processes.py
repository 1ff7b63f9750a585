"""What the processes of a distributed evaluation found, put together."""

from __future__ import annotations

from typing import Any, TypeVar

import torch.distributed

Key = TypeVar("Key", bound=tuple[Any, ...])
Found = TypeVar("Found")


def is_distributed() -> bool:
    """Whether other processes look at other samples of this epoch."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def of_all_processes(found: dict[Key, Found]) -> dict[Key, Found]:
    """What every process found, by key and in its order; the same in each of them.

    A distributed sampler repeats samples to give each process as many as the others: they count once.
    """
    together = dict(found)
    if is_distributed():
        shares: list[dict[Key, Found] | None] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(shares, found)
        for share in shares:
            together |= share or {}
    return dict(sorted(together.items(), key=lambda pair: pair[0]))
