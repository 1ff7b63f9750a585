"""Labels of windows as numbers, and batches of windows for context models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raasid.datasets.context.sample_meta import INCIDENT, ClipRef
from raasid.datasets.context.window import TrackWindow
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, fact_values

FACTS: tuple[str, ...] = tuple(fact_values())
SIDES = ("left", "right", "none")
NO_CONTACT, UNKNOWN = -2, -1
"""Unknown labels are encoded as -1 and excluded from the loss."""


class Targets(NamedTuple):
    """One window's labels."""

    contact: int
    """player * T + frame of the touch; NO_CONTACT where the ball touches no player; or UNKNOWN."""
    side: int
    """Index into SIDES, or UNKNOWN."""
    facts: NDArray[np.int64]
    """(facts,) index into the values of each fact, or UNKNOWN."""
    offence: int
    """1 offence, 0 none, or UNKNOWN, by one edition."""
    incident: NDArray[np.int64]
    """(labels,) index into the classes of each label of `INCIDENT`, or UNKNOWN."""


def window_targets(window: TrackWindow, ref: ClipRef, edition: str, player: int | None) -> Targets:
    """Return the labels of a window.

    player: row of the touched player in the window; None if unknown.
    The contact is UNKNOWN if the touch lies outside the window or its player is not in it.
    """
    contact = UNKNOWN
    if ref.facts.segment == "none":
        contact = NO_CONTACT
    elif ref.contact is not None and player is not None:
        distance = np.where(window.valid, np.abs(window.origin - ref.contact), np.iinfo(np.int64).max)
        frame = int(distance.argmin())
        if window.valid[frame] and distance[frame] <= 2:
            contact = player * len(window.valid) + frame
    side = SIDES.index(ref.side) if ref.contact is not None or ref.facts.segment == "none" else UNKNOWN
    decision = decide(ref.facts, edition).decision or ref.annotated_decision
    return Targets(
        contact,
        side,
        fact_indices(ref.facts),
        UNKNOWN if decision is None else int(decision == "offence"),
        np.array(
            [
                classes.index(ref.incident[name]) if name in ref.incident else UNKNOWN
                for name, classes in INCIDENT.items()
            ],
            np.int64,
        ),
    )


def fact_indices(facts: Facts) -> NDArray[np.int64]:
    """Return the (facts,) index into the values of each fact; UNKNOWN where it is not determined."""
    out = np.full(len(FACTS), UNKNOWN, np.int64)
    for i, (name, values) in enumerate(fact_values().items()):
        value = getattr(facts, name)
        if value is not None:
            out[i] = values.index(value)
    return out


class WindowBatch(NamedTuple):
    """B windows of T frames and K players, in source pixels, as `TrackWindow`."""

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

    def to(self, device: torch.device | str) -> WindowBatch:
        """Return the windows on another device."""
        return WindowBatch(*(part.to(device, non_blocking=True) for part in self))


class ContextBatch(NamedTuple):
    """Windows with their labels."""

    windows: WindowBatch
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
    sources: tuple[TrackWindow, ...]
    """The windows as they were cut, to map predictions back to frames and tracks of the clip."""
    edition: str
    """Edition of the Laws behind `offence`, which an evaluation uses too."""


def stack_windows(windows: Sequence[TrackWindow]) -> WindowBatch:
    """Return windows of one size as tensors."""

    def of(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(window, name) for window in windows]))

    flags = [of(name).float() for name in ("ball_known", "ball_seen", "ball_score")]
    return WindowBatch(
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


def collate(samples: Sequence[tuple[TrackWindow, Targets, ClipRef]], edition: str) -> ContextBatch:
    """Stack samples."""
    windows, labels, refs = zip(*samples, strict=True)
    return ContextBatch(
        stack_windows(windows),
        torch.tensor([label.contact for label in labels]),
        torch.tensor([label.side for label in labels]),
        torch.from_numpy(np.stack([label.facts for label in labels])),
        torch.tensor([label.offence for label in labels]),
        torch.from_numpy(np.stack([label.incident for label in labels])),
        refs,
        windows,
        edition,
    )
