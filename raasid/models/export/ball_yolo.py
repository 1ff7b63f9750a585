"""`ball_yolo` as a graph."""

from __future__ import annotations

from raasid.models.ball.yolo import NMS_CANDIDATES, NMS_IOU, BallYolo
from raasid.models.export.ball import ball_facts
from raasid.models.export.graph import Graph, Port
from raasid.models.export.pictures import BOXES, SCORES, image_port, pictures
from raasid.models.export.yolo import YoloNet


def yolo_graphs(model: BallYolo) -> list[Graph]:
    """One graph; nets that answer several times for a ball leave suppression to the caller, and say so."""
    net = YoloNet(model, model.max_detections, NMS_CANDIDATES)
    meaning = "per anchor: centre x, centre y, width, height as fractions of the picture, and score"
    facts = ball_facts(model) | {
        "suppression": None if net.end2end else {"iou": NMS_IOU, "keep": model.max_detections}
    }
    outputs = (BOXES, SCORES, Port("anchors", ("batch", "places", 5), meaning))
    return [Graph("model", net, (image_port(),), outputs, pictures, facts)]
