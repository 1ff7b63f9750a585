"""What a context model is given: windows of tracks, their labels, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from raasid.data.context.clip_ref import ClipRef
from raasid.data.context.targets import Targets
from raasid.data.context.window import Window


class Windows(NamedTuple):
    """B windows of T frames and K players; pixels of the source, as `Window`."""

    size: Tensor
    """(B, 2) width, height."""
    valid: Tensor
    """(B, T) bool."""
    ball: Tensor
    """(B, T, 7): centre x, y, width, height, known, seen, confidence."""
    joints: Tensor
    """(B, K, T, 17, 3)"""
    boxes: Tensor
    """(B, K, T, 4)"""
    present: Tensor
    """(B, K, T) bool."""
    score: Tensor
    """(B, K, T)"""
    roles: Tensor
    """(B, K) int64, -1 unknown."""
    teams: Tensor
    """(B, K) int64, -1 unknown."""

    def to(self, device: torch.device | str) -> Windows:
        """The same on another device."""
        return Windows(*(part.to(device, non_blocking=True) for part in self))


class ContextBatch(NamedTuple):
    """Windows with their labels."""

    windows: Windows
    contact: Tensor
    """(B,) as `Targets.contact`."""
    side: Tensor
    facts: Tensor
    """(B, facts)"""
    offence: Tensor
    """(B,)"""
    incident: Tensor
    """(B, labels) as `Targets.incident`."""
    refs: tuple[ClipRef, ...]
    sources: tuple[Window, ...]
    """The windows as they were cut, for the way back to frames and tracks of the clip."""
    edition: str
    """By which `offence` was decided, and by which an evaluation is to judge."""


def stack(windows: Sequence[Window]) -> Windows:
    """Windows of one size as tensors."""

    def of(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(window, name) for window in windows]))

    flags = [of(name).float() for name in ("ball_known", "ball_seen", "ball_score")]
    return Windows(
        size=torch.tensor([window.size for window in windows], dtype=torch.float32),
        valid=of("valid"),
        ball=torch.cat([of("ball"), torch.stack(flags, -1)], -1),
        joints=of("joints"),
        boxes=of("boxes"),
        present=of("present"),
        score=of("score"),
        roles=of("roles"),
        teams=of("teams"),
    )


def collate(samples: Sequence[tuple[Window, Targets, ClipRef]], edition: str) -> ContextBatch:
    """Stack samples."""
    windows, targets, refs = zip(*samples, strict=True)
    return ContextBatch(
        stack(windows),
        torch.tensor([target.contact for target in targets]),
        torch.tensor([target.side for target in targets]),
        torch.from_numpy(np.stack([target.facts for target in targets])),
        torch.tensor([target.offence for target in targets]),
        torch.from_numpy(np.stack([target.incident for target in targets])),
        refs,
        windows,
        edition,
    )
