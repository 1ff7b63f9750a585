"""`ball_yolo` as a graph: pictures in, boxes out."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from raasid.models.ball.yolo import NMS_CANDIDATES, NMS_IOU, BallYolo
from raasid.models.ball.yolo_net import head_of
from raasid.models.export.ball import CANDIDATES, ball_facts, feed, fractions, image_port
from raasid.models.export.graph import ExportNet, Graph, Port, Tensors


class YoloNet(ExportNet):
    """The net without the choice that its own head makes; that comes last, where it can be compared."""

    def __init__(self, model: BallYolo) -> None:
        super().__init__()
        self.model = deepcopy(model).eval()
        head = head_of(self.model.net)
        self.end2end = bool(head.end2end)
        self.keep = model.max_detections if self.end2end else NMS_CANDIDATES
        # the library's words for: anchors follow the picture's size, and predictions alone are returned
        head.dynamic, head.export, head.format = True, True, "onnx"
        head.postprocess = _all

    def dense(self, *inputs: Tensor) -> Tensors:
        """(B, A, 5): a box as fractions of the picture (centre and size), and its score, for every anchor."""
        rows = self.model(inputs[0]).float()
        if not self.end2end:
            rows = rows.transpose(1, 2)
        box, score = rows[..., :4], rows[..., 4:5]
        if self.end2end:
            low, high = box[..., :2], box[..., 2:]
            box = torch.cat([(low + high) / 2, high - low], -1)
        return (torch.cat([fractions(box, inputs[0]), score], -1),)

    def decode(self, inputs: Tensors, dense: Tensors) -> Tensors:
        """The anchors of the highest score."""
        (rows,) = dense
        score, at = rows[..., 4].topk(min(self.keep, rows.shape[1]), 1)
        return rows[..., :4].gather(1, at[..., None].expand(-1, -1, 4)), score


def yolo_graphs(model: BallYolo) -> list[Graph]:
    """One graph; nets that answer several times for a ball leave suppression to the caller, and say so."""
    net = YoloNet(model)
    meaning = "per anchor: centre x, centre y, width, height as fractions of the picture, and score"
    facts = ball_facts(model) | {
        "suppression": None if net.end2end else {"iou": NMS_IOU, "keep": model.max_detections}
    }
    outputs = (*CANDIDATES, Port("anchors", ("batch", "places", 5), meaning))
    return [Graph("model", net, (image_port(model.frames),), outputs, feed, facts)]


def _all(rows: Tensor) -> Tensor:
    return rows
