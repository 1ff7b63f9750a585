"""`pose_yolo` as a graph."""

from __future__ import annotations

from raasid.data.keypoints import COUNT, KEYPOINTS
from raasid.models.export.graph import Graph, Port
from raasid.models.export.pictures import BOXES, SCORES, image_port, pictures
from raasid.models.export.yolo import YoloNet
from raasid.models.pose.yolo import NMS_CANDIDATES, PoseYolo


def yolo_graphs(model: PoseYolo) -> list[Graph]:
    """One graph; nets that answer several times for a person leave suppression to the caller, and say so."""
    net = YoloNet(model, model.max_people, NMS_CANDIDATES, COUNT)
    places = "x and y as fractions of the picture, and confidence"
    outputs = (
        BOXES,
        Port("joints", ("batch", "candidates", COUNT, 3), f"{places}, of {', '.join(KEYPOINTS)}"),
        SCORES,
        Port("anchors", ("batch", "places", 5 + 3 * COUNT), "per anchor: box, score and joints as above"),
    )
    facts = {
        "threshold": model.min_score,
        "suppression": None if net.end2end else {"iou": model.nms_iou, "keep": model.max_people},
    }
    return [Graph("model", net, (image_port(),), outputs, pictures, facts)]
