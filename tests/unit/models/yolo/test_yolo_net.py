"""Nets of the library: by name, by path, and without its side effects."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import torch

from raasid.models.layers import GlobalBatchNorm2d
from raasid.models.yolo.net import NetUnusable, UnknownNet, build_net, detection_head, net_names

TINY = """
nc: 80
end2end: True
reg_max: 1
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
head:
  - [[2], 1, {head}, [nc]]
"""


def test_a_misspelled_net_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNet, match=r"'yolo26q.yaml' is no file.*did you mean 'yolo26\w.yaml'"):
        build_net("yolo26q.yaml")


def test_a_net_for_another_task_is_refused() -> None:
    with pytest.raises(NetUnusable, match=r"yolo26n-pose\.yaml: ends in a Pose26 head"):
        build_net("yolo26n-pose.yaml")


def test_a_users_own_yaml_is_built_with_one_class(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(TINY.format(head="Detect"))
    net = build_net(str(own))
    assert detection_head(net).nc == 1
    assert detection_head(net).stride.tolist() == [8]


@pytest.mark.parametrize("text", ["", "nc: 1\n", "a: [\n", TINY.format(head="NoSuchHead"), "[1, 2]"])
def test_a_yaml_that_describes_no_net_is_refused_by_name(tmp_path: Path, text: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(NetUnusable, match=r"own\.yaml: "):
        build_net(str(own))


def test_a_yaml_cannot_run_code(tmp_path: Path) -> None:
    own, mark = tmp_path / "own.yaml", tmp_path / "mark"
    activation = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    own.write_text(f'activation: "{activation}"\n' + TINY.format(head="Detect"))
    with pytest.raises(NetUnusable):
        build_net(str(own))
    assert not mark.exists()


def test_statistics_are_those_of_all_ranks_with_the_librarys_constants() -> None:
    norms = [m for m in build_net("yolo26n.yaml").modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) > 100
    assert {(type(m), m.eps, m.momentum) for m in norms} == {(GlobalBatchNorm2d, 1e-3, 0.03)}


def test_every_name_is_one_of_a_detection_net() -> None:
    assert {"yolo26n.yaml", "yolo11x.yaml", "yolov8s-p2.yaml", "yolov10n.yaml", "yolov9c.yaml"} <= set(
        net_names()
    )
    assert not [name for name in net_names() if "pose" in name or "seg" in name or "detr" in name]


def test_importing_the_library_leaves_the_process_as_it_was() -> None:
    assert torch.save.__module__ == "torch.serialization"
    assert cv2.getNumThreads() > 0
    assert "1." in str(torch.tensor([1.0]))
