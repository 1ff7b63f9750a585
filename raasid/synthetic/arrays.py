"""Array types of the renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""World points are (..., 3) metres; image points are (..., 2) pixels."""
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]
Image = NDArray[np.uint8]
"""(height, width, 3) blue-green-red, or (height, width) for a mask."""
