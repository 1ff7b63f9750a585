"""How footage becomes batches."""

from __future__ import annotations

from dataclasses import dataclass, field

from raasid.datasets.augmentation import Augment


@dataclass(frozen=True, slots=True)
class Loading:
    """How footage becomes batches; the fields are those of the `data` group."""

    size: tuple[int, int]
    """Width and height of the whole frames that the network sees, in pixels."""
    batch_size: int = 32
    """Training samples per step over all devices together."""
    eval_batch_size: int = 4
    eval_scale: float = 1.0
    """Whole frames are looked at this much larger than training sees them: crops that were zoomed out of
    a frame show most things larger than it does, and a net expects what it saw (Touvron et al. 2019)."""
    crop: int | None = 192
    """Edge of a training crop in pixels; None trains on whole frames."""
    at_ball: float = 0.5
    """Share of those training crops that go to no look-alike; they are cut round the ball of their frame."""
    look_alikes: float = 0.35
    """Share of training crops that are cut round places that fooled the model, once some are known."""
    samples_per_epoch: int | None = None
    """Draws per epoch; None: every training frame once."""
    num_workers: int = 0
    cache_gib: float = 2.0
    holdout: float = 0.1
    league_share: float = 0.0
    """Share of training crops that are cut from the league, where there is one beside the footage."""
    frames: int = 1
    """Frames that the model sees at a time."""
    augment: Augment = field(default_factory=Augment)
