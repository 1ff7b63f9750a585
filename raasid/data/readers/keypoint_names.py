"""Which of COCO's 17 keypoints a foreign name means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from raasid.data.keypoints import COUNT, KEYPOINTS
from raasid.data.records import Keypoint

UNLABELLED: Keypoint = (0.0, 0.0, 0)
_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_INDEX = {name: index for index, name in enumerate(KEYPOINTS)}


@lru_cache(maxsize=1024)
def keypoint_index(name: str) -> int | None:
    """Return the place of a keypoint in COCO's order; None for a name that is none of the 17.

    `left_wrist`, `Left Wrist`, `wrist-left`, `leftWrist`, `l_wrist` and `LWrist` are one.
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=^[LR])(?=[A-Z][a-z])", "_", name.strip())
    words = re.findall(r"[a-z]+", parted.casefold())
    sides = [_SIDES[word] for word in words if word in _SIDES]
    return _INDEX.get("_".join(sides[:1] + [word for word in words if word not in _SIDES]))


def in_order(names: Sequence[str]) -> tuple[int | None, ...]:
    """For each of the 17 keypoints the place in `names` where it stands; None where it does not.

    No names at all mean COCO's own order.
    """
    if not names:
        return tuple(range(COUNT))
    places: dict[int, int] = {}
    for place, name in enumerate(names):
        index = keypoint_index(name)
        if index is not None:
            places.setdefault(index, place)
    return tuple(places.get(index) for index in range(COUNT))


def seventeen(points: Mapping[int, Keypoint]) -> tuple[Keypoint, ...]:
    """Return all 17 in order, those without an entry unlabelled; nothing when nobody labelled any."""
    if not any(point[2] for point in points.values()):
        return ()
    return tuple(points.get(index, UNLABELLED) for index in range(COUNT))


def extent(points: Iterable[Keypoint]) -> tuple[float, float, float, float]:
    """Return x, y, width, height of the tightest box round the labelled points."""
    labelled = [(x, y) for x, y, visibility in points if visibility]
    left, top = min(x for x, _ in labelled), min(y for _, y in labelled)
    right, bottom = max(x for x, _ in labelled), max(y for _, y in labelled)
    return left, top, right - left, bottom - top
