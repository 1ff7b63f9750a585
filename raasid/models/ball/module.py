"""Base class of ball models, and `Detections`, their output for one frame."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NotRequired, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raasid.datasets.ball.dataset import BallBatch
from raasid.datasets.sample_meta import FrameRef
from raasid.models.module import TaskModule
from raasid.tasks import TaskName

Array = NDArray[np.float32]
DEFAULT_THRESHOLD = 0.3
"""Operating point of a model that was never validated."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Ball candidates in one frame, by falling score.

    xy: (K, 2) centres and wh: (K, 2) box sizes, in pixels of the source frame; score: (K,) in [0, 1].
    Candidates below a model's operating threshold are kept: curves need them, decisions ignore them.
    """

    xy: Array
    wh: Array
    score: Array

    @classmethod
    def empty(cls) -> Detections:
        """Return no candidates."""
        return cls(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.float32))

    @property
    def bbox_xyxy(self) -> Array:
        """(K, 4) corners in pixels."""
        return np.concatenate([self.xy - self.wh / 2, self.xy + self.wh / 2], axis=1)


class BallOutput(TypedDict):
    """What an evaluation step returns: frames and detections, one for one."""

    frames: tuple[FrameRef, ...]
    detections: list[Detections]
    loss: NotRequired[Tensor]
    """The training loss of the batch; in validation."""


class BallModule(TaskModule):
    """A detector of the ball; subclasses define the loss and the detection.

    threshold: the operating point. "auto" lets validation choose it (the callback sets
    `operating_threshold`): the lowest that keeps within `max_false_positives` per image on the selection
    split. It is stored in the checkpoint, so that evaluation decides as training did.
    """

    task: ClassVar[TaskName] = "ball"
    frames: int = 1
    """Consecutive frames in one input image."""

    def __init__(self, threshold: float | str = "auto", max_false_positives: float = 0.03) -> None:
        super().__init__()
        self.max_false_positives = max_false_positives
        self.threshold_is_auto = threshold == "auto"
        self.operating_threshold = DEFAULT_THRESHOLD if threshold == "auto" else float(threshold)

    @abstractmethod
    def losses(self, batch: BallBatch) -> dict[str, Tensor]:
        """Compute the weighted terms of the training loss, scalars, each a mean over the batch.

        Validation calls it as well, without gradients and in evaluation mode.
        """

    @abstractmethod
    def detect(self, images: Tensor, quick: bool = False) -> list[Detections]:
        """Find balls in (B, H, W, 3 * frames) uint8 RGB; centres and sizes in input pixels.

        quick: one forward pass is enough, for a model that averages several.
        """

    def detect_with_losses(self, batch: BallBatch) -> tuple[list[Detections], dict[str, Tensor]]:
        """Return `detect` and `losses` of a batch; override it to share a forward pass."""
        return self.detect(batch.images), self.losses(batch)

    def training_step(self, batch: BallBatch, batch_idx: int) -> Tensor:
        """Return the sum of the loss terms; the mean over ranks is logged, the loss of the global batch."""
        terms = self.losses(batch)
        loss = torch.stack(list(terms.values())).sum()
        self.log_loss_terms(terms, len(batch.refs))
        return loss

    def validation_step(self, batch: BallBatch, batch_idx: int) -> BallOutput:
        """Return the detections in whole frames, in source pixels, and their loss."""
        detections, terms = self.detect_with_losses(batch)
        loss = torch.stack(list(terms.values())).sum()
        return {"frames": batch.refs, "detections": _in_source_pixels(detections, batch), "loss": loss}

    def test_step(self, batch: BallBatch, batch_idx: int) -> BallOutput:
        """Return the detections in whole frames, in source pixels."""
        detections = self.detect(batch.images)
        return {"frames": batch.refs, "detections": _in_source_pixels(detections, batch)}

    def transfer_batch_to_device(
        self, batch: BallBatch, device: torch.device, dataloader_idx: int
    ) -> BallBatch:
        """Move the tensors of a batch."""
        return BallBatch(
            batch.images.to(device, non_blocking=True),
            batch.balls.to(device, non_blocking=True),
            batch.present.to(device, non_blocking=True),
            batch.scale.to(device, non_blocking=True),
            batch.refs,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the operating point and the run's configuration."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["operating_threshold"] = self.operating_threshold

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the operating point."""
        self.operating_threshold = float(checkpoint.get("operating_threshold", self.operating_threshold))


def _in_source_pixels(detections: list[Detections], batch: BallBatch) -> list[Detections]:
    scales = batch.scale.tolist()
    return [Detections(d.xy / s, d.wh / s, d.score) for d, s in zip(detections, scales, strict=True)]
