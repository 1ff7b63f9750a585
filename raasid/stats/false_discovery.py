"""Adjusted p-values of several tests: Benjamini and Hochberg's control of the false discovery rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def adjust_p_values(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values (F,) of F tests adjusted for their number; NaN: not tested, and not counted.

    The expected share of false alarms among the alarms stays below the level at which adjusted values are
    compared; without any real difference that is the chance of any alarm at all (family-wise error). Unlike
    Bonferroni's, the correction keeps its power if many features move together, as brightness, contrast and
    sharpness do at night. It holds for independent and for positively dependent tests.
    Sources: Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001. The values are those of
    `scipy.stats.false_discovery_control`, whose import takes most of a second.
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    (tested,) = np.nonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    scaled = values[order] * (len(order) / np.arange(1, len(order) + 1))
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
