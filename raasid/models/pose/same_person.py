"""One skeleton a person: what two boxes found twice is told once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raasid.data.keypoints import SIGMAS
from raasid.models.pose.people import Array, People

_VARIANCES = (2 * np.array(SIGMAS, np.float32)) ** 2


def without_doubles(people: People, limit: float) -> People:
    """Leave out whoever is more alike than `limit` to somebody with a higher score; by falling score."""
    order = np.argsort(-people.score, kind="stable")
    kept: list[int] = []
    for i in order.tolist():
        if not kept or alike(people, i, np.array(kept)).max() <= limit:
            kept.append(i)
    return People(people.boxes[kept], people.score[kept], people.keypoints[kept])


def alike(people: People, one: int, others: NDArray[np.intp]) -> Array:
    """OKS of one skeleton with others, over the joints of which both are fairly sure; 0 without any."""
    sure = np.minimum(people.keypoints[one, :, 2], people.keypoints[others, :, 2])
    edges = people.boxes[:, 2:] - people.boxes[:, :2]
    area = np.maximum(0.53 * np.minimum(np.prod(edges[one]), np.prod(edges[others], 1)), 1.0)
    gap = ((people.keypoints[others, :, :2] - people.keypoints[one, :, :2]) ** 2).sum(2)
    likeness = np.exp(-gap / (2 * area[:, None] * _VARIANCES))
    return np.asarray((likeness * sure).sum(1) / np.maximum(sure.sum(1), 1e-6), np.float32)
