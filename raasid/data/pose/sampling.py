"""How training samples are cut out of frames; the fields are those of `data.people`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a pose model's training samples look like."""

    window: tuple[int, int] | None = None
    """Width and height of the part of a frame in which people are searched; None: as large as frames."""
    window_scale: tuple[float, float] = (0.8, 1.25)
    """Least and greatest scale of a window: its pixels per pixel of the frame, evenly on a log axis."""
    crops: int = 6
    """Crops of single persons per frame, for models that read joints from crops."""
    jitter: float = 0.08
    """Standard deviation by which a crop's centre is misplaced, as a share of the box."""
    zoom: float = 0.2
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    rotate: float = 20.0
    """Greatest turn of a crop, in degrees."""
    hide: float = 0.3
    """Probability that something covers a part of a crop."""
    cut: float = 0.0
    """Probability that a crop shows a part of the person only, as at a picture's edge."""
    coarse: float = 0.3
    """Probability that a crop is as coarse as if its person were smaller, down to a quarter of the size."""
    unreviewed: bool = True
    """Whether to learn from people whom a model has marked and nobody has confirmed."""
