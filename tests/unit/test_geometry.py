import numpy as np
import pytest

from raasid.geometry import iou_xywh, iou_xyxy, iou_xyxy_xywh

XYWH = np.array([[0.0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 4, 4], [7, 7, 0, 0]])
XYXY = np.concatenate([XYWH[:, :2], XYWH[:, :2] + XYWH[:, 2:]], 1)
EXPECTED = np.array([[1, 1 / 3, 0, 0], [1 / 3, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])


def test_both_forms_of_a_box_give_the_same_overlaps_and_an_empty_union_gives_zero() -> None:
    assert iou_xywh(XYWH, XYWH) == pytest.approx(EXPECTED)
    assert iou_xyxy(XYXY, XYXY) == pytest.approx(EXPECTED)
    assert iou_xyxy_xywh(XYXY, XYWH) == pytest.approx(EXPECTED)


def test_no_boxes_give_an_empty_matrix_and_the_type_of_numbers_is_kept() -> None:
    none = np.zeros((0, 4), np.float32)
    assert iou_xywh(none, XYWH.astype(np.float32)).shape == (0, 4)
    assert iou_xyxy(XYXY.astype(np.float32), none).dtype == np.float32
