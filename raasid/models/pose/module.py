"""What every pose model is to the rest of the house: a LightningModule that says `People`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NotRequired, TypedDict

import torch
from torch import Tensor

from raasid.datasets.pose.batch import CropBatch, PoseBatch
from raasid.datasets.pose.transforms import CropShape
from raasid.datasets.sample_meta import FrameRef
from raasid.models.module import TaskModule
from raasid.models.pose.poses import Array, People
from raasid.tasks import TaskName


class PoseOutput(TypedDict):
    """What an evaluation step hands to callbacks; everything in source pixels."""

    frames: tuple[FrameRef, ...]
    people: list[People]
    """With the model's own boxes."""
    at_truth: list[People]
    """With the annotated boxes, in the order of `FrameRef.frame.persons`."""
    loss: NotRequired[Tensor]
    """The training loss of the batch; in validation."""


class PoseModule(TaskModule):
    """A model of players; subclasses say how to compute a loss and how to look at pictures."""

    task: ClassVar[TaskName] = "pose"
    crop: CropShape | None = None
    """Shape of the crops from which joints are read; None: it is trained on pictures alone (`PoseBatch`)."""

    @abstractmethod
    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Scalar terms of the training loss, already weighted; each a mean over the batch.

        batch: a `CropBatch` where the model has a `crop`, else a `PoseBatch`.
        """

    def validation_losses(self, batch: PoseBatch) -> dict[str, Tensor]:
        """Compute the terms of `losses` for whole frames, without gradients and in evaluation mode."""
        return self.losses(batch)

    @abstractmethod
    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Look at (B, H, W, 3) uint8 RGB; everything in input pixels.

        boxes: (K, 4) corners per picture: nobody is searched, and the joints of these people are read, in
        their order (score: of the joints alone).
        """

    def training_step(self, batch: PoseBatch | CropBatch, batch_idx: int) -> Tensor:
        """Sum of the loss terms."""
        terms = self.losses(batch)
        self.log_loss_terms(terms, len(batch.refs))
        return torch.stack(list(terms.values())).sum()

    def validation_step(self, batch: PoseBatch, batch_idx: int) -> PoseOutput:
        """Return the people in whole frames, and their loss."""
        loss = torch.stack(list(self.validation_losses(batch).values())).sum()
        return {**self._look(batch), "loss": loss}

    def test_step(self, batch: PoseBatch, batch_idx: int) -> PoseOutput:
        """People of a batch of whole frames."""
        return self._look(batch)

    def _look(self, batch: PoseBatch) -> PoseOutput:
        scales = batch.scale.tolist()
        own = self.predict(batch.images)
        at = self.predict(batch.images, batch.boxes)
        return {
            "frames": batch.refs,
            "people": [found.scaled(1 / s) for found, s in zip(own, scales, strict=True)],
            "at_truth": [found.scaled(1 / s) for found, s in zip(at, scales, strict=True)],
        }

    def transfer_batch_to_device(
        self, batch: PoseBatch | CropBatch, device: torch.device, dataloader_idx: int
    ) -> PoseBatch | CropBatch:
        """Move the tensors; boxes, joints of whole pictures and references stay as they are."""
        moved: PoseBatch | CropBatch = _moved(batch, device)
        return moved


def _moved(batch: Any, device: torch.device) -> Any:
    parts = (
        part.to(device, non_blocking=True)
        if isinstance(part, Tensor)
        else _moved(part, device)
        if isinstance(part, PoseBatch)
        else part
        for part in batch
    )
    return type(batch)(*parts)
