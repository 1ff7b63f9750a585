"""`pose_yolo`: a pose net of ultralytics, trained by our own loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import box_convert, nms  # type: ignore[import-untyped]

from raasid.datasets.pose.batch import PoseBatch
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import Array, People, assign_poses_to_boxes, padded_boxes, padded_keypoints
from raasid.models.yolo.loss import DetectionLoss
from raasid.models.yolo.net import (
    DEFAULT_NUM_EPOCHS,
    backbone_end,
    build_net,
    detection_head,
    num_epochs,
    padded_input,
)

NMS_CANDIDATES = 300


class PoseYolo(PoseModule):
    """Boxes and joints of all people, from one forward pass of the whole image.

    net: name of the library's YAML, or the path of one. weights: the user's own .pt file.
    max_people: per image. min_score: of a person that is returned. nms_iou: two boxes of a higher IoU are one
    person; end-to-end nets need no suppression.
    """

    def __init__(
        self,
        net: str = "yolo11n-pose.yaml",
        weights: Path | None = None,
        max_people: int = 40,
        min_score: float = 0.01,
        nms_iou: float = 0.7,
    ) -> None:
        super().__init__()
        self.max_people, self.min_score, self.nms_iou = max_people, min_score, nms_iou
        self.net: Any = build_net(net, weights, "pose").to(memory_format=torch.channels_last)
        detection_head(self.net).max_det = max_people
        self._granularity = int(detection_head(self.net).stride.max())
        self._loss: DetectionLoss | None = None
        self._epochs = DEFAULT_NUM_EPOCHS

    def forward(self, images: Tensor) -> Any:
        """(B, H, W, 3) uint8 -> output of the library's net, for images padded to whole cells."""
        return self.net(padded_input(images, self._granularity))

    @property
    def embedding_layer(self) -> nn.Module:
        """End of the backbone."""
        return backbone_end(self.net)

    def on_train_start(self) -> None:
        """Store the number of epochs: the loss shifts its weights over them."""
        self._epochs = num_epochs(self.trainer)

    def losses(self, batch: PoseBatch) -> dict[str, Tensor]:
        """Return the terms of the library's criterion. Crowds are left out, as the library does."""
        if self._loss is None or self._loss.device != batch.images.device:
            self._loss = DetectionLoss(self.net)
        self._loss.at_epoch(self.current_epoch, self._epochs)
        kept = [~out for out in batch.ignored] or [np.ones(len(rows), bool) for rows in batch.boxes]
        boxes, present = padded_boxes([rows[k] for rows, k in zip(batch.boxes, kept, strict=True)])
        joints = padded_keypoints([rows[k] for rows, k in zip(batch.keypoints, kept, strict=True)], present)
        device, x = batch.images.device, padded_input(batch.images, self._granularity)
        size = (x.shape[3], x.shape[2])
        return self._loss(self.net(x), boxes.to(device), present.to(device), size, joints.to(device))

    @torch.no_grad()
    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Return the people in each image or, for known boxes, those that were found there.

        A box in which the net finds no person has its joints in the middle, with confidence 0.
        """
        training = self.net.training
        self.net.eval()
        output = self(images)[0].float()
        self.net.train(training)
        if detection_head(self.net).end2end:
            rows = [torch.cat([image[:, :5], image[:, 6:]], 1) for image in output]
        else:
            rows = [self._nms(image) for image in output.transpose(1, 2)]
        found = [_people(image[image[:, 4] >= self.min_score][: self.max_people]) for image in rows]
        if boxes is None:
            return found
        return [assign_poses_to_boxes(people, wanted) for people, wanted in zip(found, boxes, strict=True)]

    def _nms(self, rows: Tensor) -> Tensor:
        """(A, 5 + 51) centre, size, score, joints -> the same with corners, suppressed, by falling score."""
        rows = rows[rows[:, 4] >= self.min_score]
        rows = rows[rows[:, 4].argsort(descending=True, stable=True)[:NMS_CANDIDATES]]
        rows = torch.cat([box_convert(rows[:, :4], "cxcywh", "xyxy"), rows[:, 4:]], 1)
        return rows[nms(rows[:, :4], rows[:, 4], self.nms_iou)]


def _people(rows: Tensor) -> People:
    """(K, 5 + 51) corners, score, joints -> People."""
    values = rows.cpu().numpy().astype(np.float32)
    return People(values[:, :4], values[:, 4], values[:, 5:].reshape(-1, NUM_KEYPOINTS, 3))
