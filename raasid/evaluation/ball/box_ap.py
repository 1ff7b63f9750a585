"""Average precision of boxes, for comparison with detectors that publish nothing else.

Ball boxes are tiny (12 pixels shifted by 2 have an IoU of 0.71), so that this measures the
looseness of labels as much as the model; judge by the centre distance instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.ball.matched import FrameOutcome
from raasid.footage.records import Ball
from raasid.geometry import iou_xyxy

_MAX_CANDIDATES = 100
_RECALLS = np.linspace(0, 1, 101)


def box_ap(outcomes: Sequence[FrameOutcome], iou: float) -> float:
    """COCO average precision of one class at one IoU: 101 recall points, 100 candidates per image.

    Every visible ball is to be found, the match ball or another. NaN where none is visible.
    Source: COCO detection evaluation, cocodataset.org.
    """
    truths = 0
    scored: list[tuple[float, bool]] = []
    for outcome in outcomes:
        balls = [b for b in (outcome.truth, *outcome.others) if b is not None and b.visible]
        truths += len(balls)
        scored += _match(outcome, balls, iou)
    if truths == 0:
        return float("nan")
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    right = np.cumsum([is_right for _, is_right in scored])
    if not right.size:
        return 0.0
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / truths, _RECALLS, side="left")
    return float(np.append(envelope, 0.0)[at].mean())


def _match(outcome: FrameOutcome, balls: Sequence[Ball], iou: float) -> list[tuple[float, bool]]:
    """Give each candidate, best first, the free ball that it overlaps most."""
    found = outcome.candidates
    order = np.argsort(-found.score, kind="stable")[:_MAX_CANDIDATES]
    overlaps = _iou(found.bbox_xyxy[order].astype(np.float64), balls)
    pairs = []
    for row, candidate in zip(overlaps, order, strict=True):
        taken = int(row.argmax()) if row.size else -1
        is_right = taken >= 0 and bool(row[taken] >= iou)
        if is_right:
            overlaps[:, taken] = -1
        pairs.append((float(found.score[candidate]), is_right))
    return pairs


def _iou(boxes: NDArray[np.float64], balls: Sequence[Ball]) -> NDArray[np.float64]:
    """(K, B) intersection over union of (K, 4) corners with balls."""
    others = np.array([(b.x - b.w / 2, b.y - b.h / 2, b.x + b.w / 2, b.y + b.h / 2) for b in balls])
    return iou_xyxy(boxes, others.reshape(-1, 4))
