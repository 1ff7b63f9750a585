"""Whether somebody's left arm was told as the right one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raasid.data.tracks.displaced import ARM_JOINTS, SWAPPED

Floats = NDArray[np.float64]
_APART = 0.08
"""Heights between left and right from which a swap can be told at all."""
_ELBOWS_AND_WRISTS = list(ARM_JOINTS[2:])


def arms_look_swapped(true: Floats, told: Floats, height: float) -> bool | None:
    """Whether elbows and wrists fit the other side's much better; None where that cannot be told.

    true, told: (17, 3) x, y and visibility.
    """
    both = (true[:, 2] > 0) & (told[:, 2] > 0)
    rows = [j for j in _ELBOWS_AND_WRISTS if both[j] and both[SWAPPED[j]]]
    if len(rows) < 2:
        return None
    apart = np.linalg.norm(true[rows, :2] - true[SWAPPED[rows], :2], axis=1).mean()
    if apart < _APART * height:
        return None
    as_told = np.linalg.norm(true[rows, :2] - told[rows, :2], axis=1).mean()
    turned = np.linalg.norm(true[rows, :2] - told[SWAPPED[rows], :2], axis=1).mean()
    return bool(turned < 0.6 * as_told)


def swapped_back(joints: Floats) -> Floats:
    """(17, 3) with left and right arm exchanged."""
    return np.asarray(joints[SWAPPED])
