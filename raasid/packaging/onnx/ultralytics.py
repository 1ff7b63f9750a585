"""ONNX graphs of `ball_yolo` and `pose_yolo`: images in, boxes with scores and joints out."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from raasid.footage.keypoints import KEYPOINTS, NUM_KEYPOINTS
from raasid.models.ball.yolo import NMS_IOU, BallYolo
from raasid.models.pose.yolo import NMS_CANDIDATES, PoseYolo
from raasid.models.yolo.net import detection_head
from raasid.packaging.onnx.ball import ball_facts
from raasid.packaging.onnx.graph_spec import (
    BOXES,
    SCORES,
    ExportNet,
    Graph,
    Port,
    Tensors,
    image_inputs,
    image_port,
    to_fractions,
)


class YoloExport(ExportNet):
    """A net without the selection of its own head, which `decode` does, so that it can be compared.

    model: has the net as `net` and returns rows for (B, H, W, 3) uint8. keep: candidates per image.
    joints: number of keypoints of each box, each x, y and confidence.
    """

    def __init__(self, model: Any, keep: int, keep_before_nms: int, joints: int = 0) -> None:
        super().__init__()
        self.model, self.joints = deepcopy(model).eval(), joints
        head = detection_head(self.model.net)
        self.end2end = bool(head.end2end)
        self.keep = keep if self.end2end else keep_before_nms
        # the library's flags for: anchors follow the image's size, and predictions alone are returned
        head.dynamic, head.export, head.format = True, True, "onnx"
        head.postprocess = _all

    def dense(self, *inputs: Tensor) -> Tensors:
        """(B, A, 5 + 3 * joints): box as fractions of the image (centre and size), score, joints."""
        (images,) = inputs
        rows = self.model(images).float()
        if not self.end2end:
            rows = rows.transpose(1, 2)
        box, score = rows[..., :4], rows[..., 4:5]
        if self.end2end:
            low, high = box[..., :2], box[..., 2:]
            box = torch.cat([(low + high) / 2, high - low], -1)
        parts = [to_fractions(box, images), score]
        if self.joints:
            joints = rows[..., 5:].reshape(*rows.shape[:2], self.joints, 3)
            parts.append(torch.cat([to_fractions(joints[..., :2], images), joints[..., 2:]], -1).flatten(-2))
        return (torch.cat(parts, -1),)

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """Anchors of the highest scores: boxes (B, K, 4), joints (B, K, J, 3) if any, scores (B, K)."""
        (rows,) = dense
        score, at = rows[..., 4].topk(min(self.keep, rows.shape[1]), 1)
        best = rows.gather(1, at[..., None].expand(-1, -1, 5 + 3 * self.joints))
        if not self.joints:
            return best[..., :4], score
        return best[..., :4], best[..., 5:].reshape(*best.shape[:2], self.joints, 3), score


def _all(rows: Tensor) -> Tensor:
    return rows


def ball_yolo_graphs(model: BallYolo) -> list[Graph]:
    """Return one graph; for nets that are not end-to-end its facts ask the caller for suppression."""
    net = YoloExport(model, model.max_detections, NMS_CANDIDATES)
    meaning = "per anchor: centre x, centre y, width, height as fractions of the image, and score"
    facts = ball_facts(model) | {
        "suppression": None if net.end2end else {"iou": NMS_IOU, "keep": model.max_detections}
    }
    outputs = (BOXES, SCORES, Port("anchors", ("batch", "places", 5), meaning))
    return [Graph("model", net, (image_port(),), outputs, image_inputs, facts)]


def pose_yolo_graphs(model: PoseYolo) -> list[Graph]:
    """Return one graph; for nets that are not end-to-end its facts ask the caller for suppression."""
    net = YoloExport(model, model.max_people, NMS_CANDIDATES, NUM_KEYPOINTS)
    places = "x and y as fractions of the image, and confidence"
    outputs = (
        BOXES,
        Port("joints", ("batch", "candidates", NUM_KEYPOINTS, 3), f"{places}, of {', '.join(KEYPOINTS)}"),
        SCORES,
        Port(
            "anchors",
            ("batch", "places", 5 + 3 * NUM_KEYPOINTS),
            "per anchor: box, score and joints as above",
        ),
    )
    facts = {
        "threshold": model.min_score,
        "suppression": None if net.end2end else {"iou": model.nms_iou, "keep": model.max_people},
    }
    return [Graph("model", net, (image_port(),), outputs, image_inputs, facts)]
