"""Base class of pose models: a LightningModule that predicts `People`."""

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
    """What an evaluation step returns; coordinates are source pixels."""

    frames: tuple[FrameRef, ...]
    people: list[People]
    """With the model's own boxes."""
    at_truth: list[People]
    """With the annotated boxes, in the order of `FrameRef.frame.persons`."""
    loss: NotRequired[Tensor]
    """The training loss of the batch; in validation."""


class PoseModule(TaskModule):
    """A model of players and their joints; subclasses define the loss and the prediction."""

    task: ClassVar[TaskName] = "pose"
    crop: CropShape | None = None
    """Shape of the crops from which joints are read; None: the model is trained on images (`PoseBatch`)."""

    @abstractmethod
    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Compute the weighted terms of the training loss, scalars, each a mean over the batch.

        batch: a `CropBatch` if the model has a `crop`, else a `PoseBatch`.
        """

    def validation_losses(self, batch: PoseBatch) -> dict[str, Tensor]:
        """Compute the terms of `losses` for whole frames, without gradients and in evaluation mode."""
        return self.losses(batch)

    @abstractmethod
    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Find people in (B, H, W, 3) uint8 RGB and read their joints; coordinates are input pixels.

        boxes: (K, 4) corners per image. If given, no people are searched: the joints of these people are
        read, in their order (the score is that of the joints alone).
        """

    def training_step(self, batch: PoseBatch | CropBatch, batch_idx: int) -> Tensor:
        """Return the sum of the loss terms."""
        terms = self.losses(batch)
        self.log_loss_terms(terms, len(batch.refs))
        return torch.stack(list(terms.values())).sum()

    def validation_step(self, batch: PoseBatch, batch_idx: int) -> PoseOutput:
        """Return the people in whole frames, and their loss."""
        loss = torch.stack(list(self.validation_losses(batch).values())).sum()
        return {**self._predict(batch), "loss": loss}

    def test_step(self, batch: PoseBatch, batch_idx: int) -> PoseOutput:
        """Return the people in whole frames."""
        return self._predict(batch)

    def _predict(self, batch: PoseBatch) -> PoseOutput:
        scales = batch.scale.tolist()
        people = self.predict(batch.images)
        at_truth = self.predict(batch.images, batch.boxes)
        return {
            "frames": batch.refs,
            "people": [each.scaled(1 / s) for each, s in zip(people, scales, strict=True)],
            "at_truth": [each.scaled(1 / s) for each, s in zip(at_truth, scales, strict=True)],
        }

    def transfer_batch_to_device(
        self, batch: PoseBatch | CropBatch, device: torch.device, dataloader_idx: int
    ) -> PoseBatch | CropBatch:
        """Move the tensors; boxes and keypoints of whole images are arrays and stay."""
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
