"""`raasid train` with trainer.precision=64-true, where rounding is too small to matter."""

from __future__ import annotations

import torch
from lightning.pytorch.plugins.precision import double

from raasid.cli import app

torch.Tensor.float = torch.Tensor.double  # type: ignore[assignment, method-assign]
double.DoublePrecision.convert_input = lambda self, data: data  # type: ignore[method-assign]
app("train")
