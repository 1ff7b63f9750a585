"""One thing that a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]
Place = tuple[float, float, float, float]
"""Left, top, width, height in frame pixels."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and by how much."""

    kind: str
    """A key of `kinds.KINDS`."""
    clip: str
    """Clip id."""
    frame: int | None
    """`Frame.index`; None when the whole clip, or the whole footage, is meant."""
    message: str
    """One sentence for people, with the value seen."""
    track: int | None = None
    path: str = ""
    """The media file, as the record names it."""
    value: float | None = None
    limit: float | None = None
    """What `value` would have had to keep."""
    severity: Severity = "error"
    frames: int = 1
    """How many frames this concerns; more than one where a whole clip, or all footage, is meant."""
    place: Place | None = None
    """Where to look in the frame."""
    other: tuple[str, int] | None = None
    """Clip and frame of the second one, where two frames are concerned."""
