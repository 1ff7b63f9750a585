"""Average precision of boxes, for comparison with detectors that publish no other metric.

Ball boxes are tiny (12 pixels shifted by 2 have an IoU of 0.71), so that this measures how precise the
labels are as much as the model; the centre distance is the better criterion.
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
    """Compute COCO average precision of one class at one IoU: 101 recall points, 100 candidates per image.

    Every visible ball counts, the match ball or another. NaN if none is visible.
    Source: COCO detection evaluation, cocodataset.org.
    """
    positives = 0
    scored: list[tuple[float, bool]] = []
    for outcome in outcomes:
        balls = [b for b in (outcome.truth, *outcome.other_balls) if b is not None and b.visible]
        positives += len(balls)
        scored += _match(outcome, balls, iou)
    if positives == 0:
        return float("nan")
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    hits = np.cumsum([is_hit for _, is_hit in scored])
    if not hits.size:
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(hits / positives, _RECALLS, side="left")
    return float(np.append(envelope, 0.0)[at].mean())


def _match(outcome: FrameOutcome, balls: Sequence[Ball], iou: float) -> list[tuple[float, bool]]:
    """Assign to each candidate, best first, the unassigned ball that it overlaps most."""
    candidates = outcome.candidates
    order = np.argsort(-candidates.score, kind="stable")[:_MAX_CANDIDATES]
    overlaps = _iou(candidates.bbox_xyxy[order].astype(np.float64), balls)
    pairs = []
    for row, candidate in zip(overlaps, order, strict=True):
        assigned = int(row.argmax()) if row.size else -1
        is_hit = assigned >= 0 and bool(row[assigned] >= iou)
        if is_hit:
            overlaps[:, assigned] = -1
        pairs.append((float(candidates.score[candidate]), is_hit))
    return pairs


def _iou(boxes: NDArray[np.float64], balls: Sequence[Ball]) -> NDArray[np.float64]:
    """(K, B) intersection over union of (K, 4) corners with balls."""
    others = np.array([(b.x - b.w / 2, b.y - b.h / 2, b.x + b.w / 2, b.y + b.h / 2) for b in balls])
    return iou_xyxy(boxes, others.reshape(-1, 4))
