"""Exported pose models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from raasid.models.pose.joints_net import decode_joints
from raasid.models.pose.top_down import PoseTopDown
from raasid.models.pose.yolo import PoseYolo
from raasid.models.yolo.net import detection_head
from raasid.packaging.onnx.export import write_graphs
from raasid.packaging.onnx.graph_spec import export_graphs


def random_images(count: int, height: int, width: int) -> Tensor:
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8)


def raise_scores(model: nn.Module) -> None:
    """Raise the scores: an untrained net has no confident output."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, std=0.5)


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_finder_and_joints_together_have_the_output_of_the_model(scale: float, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = PoseTopDown(
        4,
        4,
        (32, 64),
        scale=0.5,
        rescan_scale=scale if scale > 1 else 0,
        rescan_below_px=1e9,
        max_people=3,
        mirror=True,
    )
    model.eval()
    raise_scores(model)
    nn.init.normal_(model.detector.head.weight, std=0.3)
    nn.init.zeros_(model.detector.head.bias[:1].data)
    crops, areas = random_images(4, 64, 32), torch.rand(4) * 1000 + 200
    graphs = export_graphs(model)
    given = [(crops, areas) if graph.name == "joints" else (random_images(2, 64, 96),) for graph in graphs]
    write_graphs(graphs, given, tmp_path, {})

    finder_name = "finder" if scale < 1 else "finder_closer"
    finder, joints = (
        onnxruntime.InferenceSession(tmp_path / f"{name}.onnx") for name in (finder_name, "joints")
    )
    images = random_images(2, 75, 101)
    boxes, scores = finder.run(["boxes", "scores"], {"images": images.numpy()})
    edges = np.array([101, 75, 101, 75], np.float32)
    with torch.no_grad():
        own = model.predict(images)
    for found, box, score in zip(own, boxes * edges, scores, strict=True):
        corners = np.concatenate([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], 1)
        assert len(found.boxes)
        for mine in found.boxes:  # those that were not suppressed as duplicates
            assert np.abs(corners[score > model.min_score] - mine).max(1).min() < 0.02

    crops, areas = random_images(1, 64, 32), torch.tensor([700.0])
    keypoints, present = joints.run(["joints", "present"], {"crops": crops.numpy(), "areas": areas.numpy()})
    with torch.no_grad():
        expected = decode_joints(*model.heat(crops), areas)
    assert keypoints[..., :2] * (32, 64) == pytest.approx(expected.xy.numpy(), abs=0.01)
    assert present == pytest.approx(expected.presence.numpy(), abs=1e-4)


@pytest.mark.parametrize("net", ["yolo11n-pose.yaml", "yolo26n-pose.yaml"])
def test_a_yolo_graph_finds_people_with_their_joints(net: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = PoseYolo(net, min_score=1e-9).eval()
    raise_scores(model)
    write_graphs(export_graphs(model), [(random_images(2, 64, 64),)], tmp_path, {})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    images = random_images(1, 61, 99)

    boxes, joints, scores = session.run(["boxes", "joints", "scores"], {"images": images.numpy()})

    (own,) = model.predict(images)
    assert scores[0, 0] == pytest.approx(own.score[0], abs=1e-4)
    centre = (own.boxes[0, :2] + own.boxes[0, 2:]) / 2
    assert boxes[0, 0, :2] * (99, 61) == pytest.approx(centre, abs=0.02)
    assert joints[0, 0, :, :2] * (99, 61) == pytest.approx(own.keypoints[0, :, :2], abs=0.02)
    assert joints[0, 0, :, 2] == pytest.approx(own.keypoints[0, :, 2], abs=1e-4)
    card = json.loads((tmp_path / "model.json").read_text())
    once = card["graphs"]["model.onnx"]["facts"]["suppression"] is None
    assert once == bool(detection_head(model.net).end2end)
