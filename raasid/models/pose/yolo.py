"""`pose_yolo`: a pose net of ultralytics, trained by our own loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_convert, nms  # type: ignore[import-untyped]

from raasid.datasets.pose.batch import PoseBatch
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import Array, People, assign_poses_to_boxes, padded_boxes, padded_joints
from raasid.models.yolo.loss import DetectionLoss
from raasid.models.yolo.net import DEFAULT_NUM_EPOCHS, build_net, num_epochs, detection_head, padded_input

NMS_CANDIDATES = 300


class PoseYolo(PoseModule):
    """Boxes and joints of everybody, from one look at the whole picture.

    net: name of the library's YAML, or the path of one. weights: the user's own .pt file.
    max_people: per picture; min_score: below it nobody is told. nms_iou: two boxes that overlap more are one
    person; nets that answer once for each need none.
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
        """(B, H, W, 3) uint8 -> what the library's net gives for it, padded to whole cells."""
        return self.net(padded_input(images, self._granularity))

    def on_train_start(self) -> None:
        """Learn how long the run will be: the loss shifts its weights over the epochs."""
        self._epochs = num_epochs(self.trainer)

    def losses(self, batch: PoseBatch) -> dict[str, Tensor]:
        """The library's criterion on our targets. Crowds are left out, as the library does."""
        if self._loss is None or self._loss.device != batch.images.device:
            self._loss = DetectionLoss(self.net)
        self._loss.at_epoch(self.current_epoch, self._epochs)
        kept = [~out for out in batch.ignored] or [np.ones(len(rows), bool) for rows in batch.boxes]
        boxes, present = padded_boxes([rows[k] for rows, k in zip(batch.boxes, kept, strict=True)])
        joints = padded_joints([rows[k] for rows, k in zip(batch.keypoints, kept, strict=True)], present)
        device, x = batch.images.device, padded_input(batch.images, self._granularity)
        size = (x.shape[3], x.shape[2])
        return self._loss(self.net(x), boxes.to(device), present.to(device), size, joints.to(device))

    @torch.no_grad()
    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Everybody in each picture; or, for known boxes, whoever was found there.

        A box in which the net finds nobody has its joints in the middle, with confidence 0.
        """
        training = self.net.training
        self.net.eval()
        output = self(images)[0].float()
        self.net.train(training)
        if detection_head(self.net).end2end:
            rows = [torch.cat([picture[:, :5], picture[:, 6:]], 1) for picture in output]
        else:
            rows = [self._suppressed(picture) for picture in output.transpose(1, 2)]
        found = [_people(picture[picture[:, 4] >= self.min_score][: self.max_people]) for picture in rows]
        if boxes is None:
            return found
        return [assign_poses_to_boxes(people, wanted) for people, wanted in zip(found, boxes, strict=True)]

    def _suppressed(self, rows: Tensor) -> Tensor:
        """(A, 5 + 51) centre, size, score, joints -> the same with corners, each person once, falling."""
        rows = rows[rows[:, 4] >= self.min_score]
        rows = rows[rows[:, 4].argsort(descending=True, stable=True)[:NMS_CANDIDATES]]
        rows = torch.cat([box_convert(rows[:, :4], "cxcywh", "xyxy"), rows[:, 4:]], 1)
        return rows[nms(rows[:, :4], rows[:, 4], self.nms_iou)]


def _people(rows: Tensor) -> People:
    """(K, 5 + 51) corners, score, joints -> People."""
    values = rows.cpu().numpy().astype(np.float32)
    return People(values[:, :4], values[:, 4], values[:, 5:].reshape(-1, NUM_KEYPOINTS, 3))
