"""Exported ball models, run without torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from raasid.errors import UsageError
from raasid.models.ball.heatmap import BallHeatmap
from raasid.models.ball.module import BallModule
from raasid.models.ball.yolo import BallYolo
from raasid.models.context.module import ContextPrediction
from raasid.models.module import TaskModule
from raasid.packaging.onnx.export import write_graphs
from raasid.packaging.onnx.graph_spec import Graph, export_graphs
from raasid.packaging.onnx.parity import ParityBroken


def random_images(count: int, height: int = 64, width: int = 64, channels: int = 3) -> Tensor:
    return torch.randint(0, 256, (count, height, width, channels), dtype=torch.uint8)


def heatmap(**options: object) -> BallHeatmap:
    torch.manual_seed(0)
    model = BallHeatmap(channels=4, **options)  # type: ignore[arg-type]
    torch.nn.init.normal_(model.net.head.weight, std=1.0)  # so that there are several peaks
    return model.eval()


def yolo(net: str) -> BallYolo:
    torch.manual_seed(0)
    model = BallYolo(net).eval()
    for module in model.modules():  # an untrained net has no confident output
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.bias, std=0.5)
    return model


def exported(model: BallModule, images: Tensor, folder: Path) -> onnxruntime.InferenceSession:
    write_graphs(export_graphs(model), [(images,)], folder, {})
    return onnxruntime.InferenceSession(folder / "model.onnx")


@pytest.mark.parametrize(
    "make",
    [
        heatmap,
        lambda: heatmap(frames=3),
        lambda: heatmap(mirror=True, scales=(2.0, 0.75)),
        lambda: yolo("yolo26n.yaml"),
    ],
    ids=["heatmap", "three frames", "further looks", "yolo26"],
)
def test_the_graph_has_the_detections_of_the_model_for_any_number_and_size_of_images(
    make: Callable[[], BallModule], tmp_path: Path
) -> None:
    model = make()
    session = exported(model, random_images(5, channels=3 * model.frames), tmp_path)
    for count, height, width in ((1, 64, 96), (2, 61, 99)):
        images = random_images(count, height, width, 3 * model.frames)
        boxes, scores = session.run(["boxes", "scores"], {"images": images.numpy()})
        pixels = boxes * np.array([width, height, width, height], np.float32)
        for found, box, score in zip(model.detect(images), pixels, scores, strict=True):
            best = np.concatenate([found.xy[0], found.wh[0]])
            assert score[0] == pytest.approx(found.score[0], abs=1e-4)
            assert box[0] == pytest.approx(best, abs=0.02)


def test_a_net_with_several_outputs_states_how_to_suppress(tmp_path: Path) -> None:
    exported(yolo("yolo11n.yaml"), random_images(2), tmp_path)

    card = json.loads((tmp_path / "model.json").read_text())

    assert card["graphs"]["model.onnx"]["facts"]["suppression"] == {"iou": 0.7, "keep": 10}


def test_the_card_states_inputs_outputs_and_the_threshold(tmp_path: Path) -> None:
    model = heatmap()
    model.operating_threshold = 0.41
    session = exported(model, random_images(2), tmp_path)

    graph = json.loads((tmp_path / "model.json").read_text())["graphs"]["model.onnx"]

    assert [port["name"] for port in graph["inputs"]] == [port.name for port in session.get_inputs()]
    assert [port["name"] for port in graph["outputs"]] == [port.name for port in session.get_outputs()]
    assert graph["inputs"][0]["axes"] == ["batch", "height", "width", 3]
    assert graph["facts"]["threshold"] == 0.41
    assert 0 <= graph["parity"]["largest_difference"] <= 1e-4


@pytest.mark.parametrize("part", ["dense", "decode"])
def test_a_graph_that_disagrees_with_the_model_is_refused_and_leaves_no_file(
    part: str, tmp_path: Path
) -> None:
    (graph,) = export_graphs(heatmap())
    honest = getattr(graph.net, part)

    def other(*given: object) -> tuple[Tensor, ...]:
        result: tuple[Tensor, ...] = honest(*given)
        return (result[0] + 0.001 * torch.onnx.is_in_onnx_export(), *result[1:])

    object.__setattr__(graph.net, part, other)
    with pytest.raises(
        ParityBroken, match=r"model\.onnx: output '(heat|boxes, scores)' for .* differs by 0\.001"
    ):
        write_graphs([graph], [(random_images(2),)], tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_a_refused_export_leaves_an_older_one_alone(tmp_path: Path) -> None:
    exported(heatmap(), random_images(2), tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    with pytest.raises(ParityBroken):
        write_graphs(export_graphs(heatmap()), [(random_images(2),)], tmp_path, {}, tolerance=1e-12)

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_size_that_was_frozen_into_the_graph_is_noticed(tmp_path: Path) -> None:
    (graph,) = export_graphs(heatmap())
    honest = graph.net.dense
    rows = 16  # of the traced image

    def frozen(images: Tensor) -> tuple[Tensor, ...]:
        heat, box = honest(images)
        return (heat[:, :rows], box) if torch.onnx.is_in_onnx_export() else (heat, box)

    object.__setattr__(graph.net, "dense", frozen)
    write_graphs([graph], [(random_images(2),)], tmp_path, {})
    with pytest.raises(ParityBroken, match="has the shape"):
        write_graphs([graph], [(random_images(2, height=96),)], tmp_path / "other", {})


def test_a_model_without_a_net_is_refused() -> None:
    class Rule(TaskModule):
        task = "context"

        def judge(self) -> list[ContextPrediction]:
            return []

    with pytest.raises(UsageError, match=r"Rule cannot be exported as ONNX; these can: .*BallHeatmap"):
        export_graphs(Rule())


def test_named_axes_are_the_free_ones() -> None:
    graph: Graph = export_graphs(heatmap())[0]
    assert graph.dynamic_axes["images"] == {0: "batch", 1: "height", 2: "width"}
