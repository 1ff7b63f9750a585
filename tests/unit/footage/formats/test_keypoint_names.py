from __future__ import annotations

import pytest

from raasid.footage.formats.label_names import coco_order, complete_keypoints, keypoint_index
from raasid.footage.keypoints import KEYPOINTS


@pytest.mark.parametrize(
    "name", ["left_wrist", "Left Wrist", "wrist-left", "leftWrist", "l_wrist", "LWrist", "LEFT_WRIST"]
)
def test_a_keypoint_is_recognised_in_every_spelling_of_its_name(name: str) -> None:
    assert keypoint_index(name) == KEYPOINTS.index("left_wrist")


@pytest.mark.parametrize("name", ["", "wrist", "tail", "left", "left_right_wrist_x", "17"])
def test_other_names_are_not_keypoints(name: str) -> None:
    assert keypoint_index(name) is None


def test_the_order_gives_the_index_of_each_of_the_seventeen_keypoints() -> None:
    assert coco_order([]) == tuple(range(17))
    assert coco_order(list(reversed(KEYPOINTS))) == tuple(reversed(range(17)))
    order = coco_order(["tail", "right_ankle"])
    assert order[16] == 1
    assert set(order[:16]) == {None}


def test_without_a_labelled_point_there_are_no_keypoints() -> None:
    assert complete_keypoints({3: (0.0, 0.0, 0)}) == ()
    assert len(complete_keypoints({3: (1.0, 1.0, 1)})) == 17
