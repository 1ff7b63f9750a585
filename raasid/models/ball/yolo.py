"""`ball_yolo`: a detection net of ultralytics, trained by our own loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import box_convert, nms  # type: ignore[import-untyped]

from raasid.datasets.ball.dataset import BallBatch
from raasid.models.ball.module import BallModule, Detections
from raasid.models.yolo.loss import DetectionLoss
from raasid.models.yolo.net import (
    DEFAULT_NUM_EPOCHS,
    backbone_end,
    build_net,
    detection_head,
    num_epochs,
    padded_input,
)

MIN_SCORE = 0.001
NMS_IOU = 0.7
NMS_CANDIDATES = 300


class BallYolo(BallModule):
    """A one-class detector on whole images.

    net: name of the library's YAML, or the path of one. weights: the user's own .pt file.
    max_detections: candidates per image. End-to-end nets need no non-maximum suppression.
    """

    def __init__(
        self,
        net: str = "yolo26n.yaml",
        weights: Path | None = None,
        threshold: float | str = "auto",
        max_false_positives: float = 0.03,
        max_detections: int = 10,
    ) -> None:
        super().__init__(threshold, max_false_positives)
        self.max_detections = max_detections
        # channels last: a quarter faster forward on CPUs, and the layout that images come in
        self.net: Any = build_net(net, weights).to(memory_format=torch.channels_last)
        detection_head(self.net).max_det = max_detections
        self._granularity = int(detection_head(self.net).stride.max())
        self._loss: DetectionLoss | None = None
        self._epochs = DEFAULT_NUM_EPOCHS

    def forward(self, images: Tensor) -> Any:
        """(B, H, W, 3) uint8 -> output of the library's net, for images padded to whole cells."""
        return self.net(self._input(images))

    def _input(self, images: Tensor) -> Tensor:
        return padded_input(images, self._granularity)

    @property
    def embedding_layer(self) -> nn.Module:
        """End of the backbone."""
        return backbone_end(self.net)

    def on_train_start(self) -> None:
        """Store the number of epochs: the loss shifts its weights over them."""
        self._epochs = num_epochs(self.trainer)

    def losses(self, batch: BallBatch) -> dict[str, Tensor]:
        """Return the terms of the library's criterion."""
        x = self._input(batch.images)
        return self._losses(self.net(x), batch, (x.shape[3], x.shape[2]))

    def _losses(self, output: Any, batch: BallBatch, size: tuple[int, int]) -> dict[str, Tensor]:
        if self._loss is None or self._loss.device != batch.images.device:
            self._loss = DetectionLoss(self.net)
        self._loss.at_epoch(self.current_epoch, self._epochs)
        return self._loss(output, batch.balls, batch.present, size)

    @torch.no_grad()
    def detect(self, images: Tensor, quick: bool = False) -> list[Detections]:
        """Return the best boxes of each image, by falling score."""
        training = self.net.training
        self.net.eval()
        output = self(images)[0]
        self.net.train(training)
        return self._decoded(output)

    def detect_with_losses(self, batch: BallBatch) -> tuple[list[Detections], dict[str, Tensor]]:
        """Return `detect` and `losses` of a batch from one forward pass, in evaluation mode."""
        x = self._input(batch.images)
        output = self.net(x)
        return self._decoded(output[0]), self._losses(output, batch, (x.shape[3], x.shape[2]))

    def _decoded(self, output: Tensor) -> list[Detections]:
        output = output.float()
        if detection_head(self.net).end2end:
            found = [(rows[:, :4], rows[:, 4]) for rows in output]
        else:
            found = [self._nms(rows) for rows in output.transpose(1, 2)]
        return [
            _detections(xyxy[: self.max_detections], score[: self.max_detections]) for xyxy, score in found
        ]

    @staticmethod
    def _nms(rows: Tensor) -> tuple[Tensor, Tensor]:
        """(A, 5) centre, size, score -> boxes (K, 4) as corners and scores after suppression."""
        rows = rows[rows[:, 4] >= MIN_SCORE]
        rows = rows[rows[:, 4].argsort(descending=True, stable=True)[:NMS_CANDIDATES]]
        xyxy = box_convert(rows[:, :4], "cxcywh", "xyxy")
        kept = nms(xyxy, rows[:, 4], NMS_IOU)
        return xyxy[kept], rows[kept, 4]


def _detections(xyxy: Tensor, score: Tensor) -> Detections:
    kept = score >= MIN_SCORE
    box = box_convert(xyxy[kept], "xyxy", "cxcywh")
    parts = (box[:, :2], box[:, 2:], score[kept])
    return Detections(*(part.cpu().numpy().astype(np.float32) for part in parts))
