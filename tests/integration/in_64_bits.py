"""`raasid train` in 64 bits, where rounding is too small to matter."""

from __future__ import annotations

import torch

from raasid.cli import app

torch.set_default_dtype(torch.float64)
torch.Tensor.float = torch.Tensor.double  # type: ignore[assignment, method-assign]
app("train")
