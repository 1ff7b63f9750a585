"""What a context model is given: windows of tracks, their labels, and where they come from.

What a context model is to say about a window, as numbers; what nobody knows is -1 and teaches nothing.

What SoccerNet-MVFoul's referees said of an incident, as classes that a net can learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raasid.datasets.context.sample_meta import INCIDENT, ClipRef
from raasid.datasets.context.window import Window
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, fact_values

FACTS: tuple[str, ...] = tuple(fact_values())
SIDES = ("left", "right", "none")
NO_CONTACT, UNKNOWN = -2, -1


class Targets(NamedTuple):
    """One window's labels."""

    contact: int
    """player * T + frame of the touch; NO_CONTACT where the ball touches nobody; UNKNOWN."""
    side: int
    """Index into SIDES, or UNKNOWN."""
    facts: NDArray[np.int64]
    """(facts,) index into the values of each fact, or UNKNOWN."""
    offence: int
    """1 offence, 0 none, UNKNOWN, by one edition."""
    incident: NDArray[np.int64]
    """(labels,) index into the classes of each label of `INCIDENT`, or UNKNOWN."""


def targets(window: Window, ref: ClipRef, edition: str, player: int | None) -> Targets:
    """Labels of a window.

    player: row of the touched player in the window; None where that is not known.
    A touch outside the window, or of somebody who is not in it, has no place in it: UNKNOWN.
    """
    contact = UNKNOWN
    if ref.facts.segment == "none":
        contact = NO_CONTACT
    elif ref.contact is not None and player is not None:
        away = np.where(window.valid, np.abs(window.origin - ref.contact), np.iinfo(np.int64).max)
        frame = int(away.argmin())
        if window.valid[frame] and away[frame] <= 2:
            contact = player * len(window.valid) + frame
    side = SIDES.index(ref.side) if ref.contact is not None or ref.facts.segment == "none" else UNKNOWN
    decision = decide(ref.facts, edition).decision or ref.ruled
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
    """(facts,) index into the values of each fact; UNKNOWN where nobody has determined it."""
    out = np.full(len(FACTS), UNKNOWN, np.int64)
    for i, (name, values) in enumerate(fact_values().items()):
        value = getattr(facts, name)
        if value is not None:
            out[i] = values.index(value)
    return out


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
