"""Upsampling: equal to torch's bilinear, at sample positions without rounding errors."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from raasid.models.pose.person_detector import upsample_bilinear_exact

edges = st.integers(1, 40)


@given(edges, edges, st.floats(1, 4), st.floats(1, 4))
def test_it_is_bilinear_interpolation(height: int, width: int, taller: float, wider: float) -> None:
    planes = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(height * 41 + width))
    size = (int(height * taller), int(width * wider))
    expected = F.interpolate(planes, size, mode="bilinear")
    assert torch.allclose(upsample_bilinear_exact(planes, *size), expected, atol=1e-4)


@pytest.mark.parametrize("width", [639, 640, 1920])
def test_a_sharp_edge_stays_where_it_is_far_to_the_right(width: int) -> None:
    planes = torch.zeros(1, 1, 1, width)
    planes[..., width - 20 :] = 255
    wide = upsample_bilinear_exact(planes, 1, width * 3 // 2)[0, 0, 0].double()
    at = torch.arange(len(wide), dtype=torch.float64).add(0.5).mul(width / len(wide)).sub(0.5)
    expected = (at - (width - 21)).clamp(0, 1) * 255
    assert (wide - expected).abs().max() < 1e-4, "32-bit places would be 0.01 off"
