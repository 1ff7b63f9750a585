"""ONNX graphs of `pose_topdown`: one detects people in images, one reads joints from crops of them.

The caller cuts the crops between the two: their number depends on the detections.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raasid.datasets.pose.batch import PoseBatch
from raasid.datasets.pose.transforms import warp_affine
from raasid.footage.keypoints import KEYPOINTS, NUM_KEYPOINTS
from raasid.models.pose.joints_net import decode_joints
from raasid.models.pose.person_detector import decode_boxes, normalized_input
from raasid.models.pose.top_down import PoseTopDown
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


class DetectorExport(ExportNet):
    """The person detector, on images that it sees at `scale`."""

    def __init__(self, model: PoseTopDown, scale: float) -> None:
        super().__init__()
        self.model, self.scale = model, scale

    def dense(self, *inputs: Tensor) -> Tensors:
        """(B, 5, h, w) heat, offset and size, for cells of 4 pixels of the scaled image."""
        return (self.model.detector(normalized_input(inputs[0], self.scale)).float(),)

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """Boxes (B, K, 4) and scores (B, K)."""
        corners, score = decode_boxes(dense[0], self.model.max_people)
        low, high = (
            to_fractions(part / self.scale, inputs[0]) for part in (corners[..., :2], corners[..., 2:])
        )
        low, high = low.clamp(0, 1), high.clamp(0, 1)
        return torch.cat([(low + high) / 2, high - low], -1), score


class JointsExport(ExportNet):
    """The joints net, on crops of one person each."""

    def __init__(self, model: PoseTopDown) -> None:
        super().__init__()
        self.model = model

    def dense(self, *inputs: Tensor) -> Tensors:
        """Heat (N, 17, h, w) and presence (N, 17), logits."""
        return self.model.heat(inputs[0])

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """(N, 17, 3) x, y, expected OKS; (N, 17) presence."""
        heat, presence = dense
        joints = decode_joints(heat, presence, inputs[1])
        return torch.cat(
            [to_fractions(joints.xy, inputs[0]), joints.expected_oks[..., None]], -1
        ), joints.presence


def top_down_graphs(model: PoseTopDown) -> list[Graph]:
    """Return `finder`, `joints`, and `finder_closer` for a model that rescans images with small people."""
    crop = model.crop
    found = (
        BOXES,
        SCORES,
        Port(
            "cells", ("batch", 5, "rows", "columns"), "logit of the heat; dx, dy in cells; log width, height"
        ),
    )
    crops = (
        Port("crops", ("people", crop.height, crop.width, 3), "red, green, blue of 0 to 255", "uint8"),
        Port("areas", ("people",), "square pixels of the person's box at the crop's scale"),
    )
    joints = (
        Port(
            "joints",
            ("people", NUM_KEYPOINTS, 3),
            f"x and y as fractions of the crop, and expected similarity (OKS), of {', '.join(KEYPOINTS)}",
        ),
        Port("present", ("people", NUM_KEYPOINTS), "probability that the joint is in the image"),
        Port(
            "heat",
            ("people", NUM_KEYPOINTS, "rows", "columns"),
            "logits over the cells of 4 x 4 pixels of the crop",
        ),
        Port("presence", ("people", NUM_KEYPOINTS), "logits of `present`"),
    )
    finding = {"threshold": model.min_score, "most": model.max_people, "scale": model.scale}
    closer = finding | {
        "scale": model.rescan_scale,
        "instead_of": "finder, for an image without people, or with people of a smaller median height",
        "small_px": model.rescan_below_px,
    }
    reading = {
        "margin": crop.margin,
        "cut": "the largest crop that holds the box made `margin` times as large, the box in its middle",
        "keypoint_confidence": "similarity times present",
        "person_score": "finder's score times the mean of similarity, weighted by present",
        "same_person": model.nms_oks,
        "mirror": model.mirror,
    }
    rescan = DetectorExport(model, model.rescan_scale) if model.rescan_scale else None
    return [
        Graph("finder", DetectorExport(model, model.scale), (image_port(),), found, image_inputs, finding),
        *([Graph("finder_closer", rescan, (image_port(),), found, image_inputs, closer)] if rescan else []),
        Graph("joints", JointsExport(model), crops, joints, lambda batch: _crops(model, batch), reading),
    ]


def _crops(model: PoseTopDown, batch: PoseBatch) -> Tensors:
    """Return crops (N, h, w, 3) of all annotated people, and areas (N,)."""
    crops, areas = (
        [np.zeros((0, model.crop.height, model.crop.width, 3), np.uint8)],
        [np.zeros(0, np.float32)],
    )
    for image, boxes in zip(batch.images.numpy(), batch.boxes, strict=True):
        cut = [warp_affine(image, matrix, model.crop.size) for matrix in model.crop.matrices(boxes)]
        if cut:
            crops.append(np.stack(cut))
            areas.append(np.prod(boxes[:, 2:] - boxes[:, :2], 1) * model.crop.scale(boxes) ** 2)
    return torch.from_numpy(np.concatenate(crops)), torch.from_numpy(np.concatenate(areas).astype(np.float32))
