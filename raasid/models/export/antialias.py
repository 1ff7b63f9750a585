"""What torch's ONNX exporter lacks: bilinear resizing that smooths where it shrinks."""

from __future__ import annotations

from typing import Any

import torch

_OPERATION = "aten::_upsample_bilinear2d_aa"


def teach_antialias(opset: int) -> None:
    """Have `interpolate(…, mode="bilinear", antialias=True)` written as ONNX's Resize, from opset 18 on."""
    torch.onnx.register_custom_op_symbolic(_OPERATION, _resize, opset)  # type: ignore[attr-defined]


def _resize(g: Any, planes: Any, size: Any, *_: Any) -> Any:
    whole = g.op("Shape", planes, start_i=0, end_i=2)
    sizes = g.op("Concat", whole, g.op("Cast", size, to_i=torch.onnx.TensorProtoDataType.INT64), axis_i=0)
    none = g.op("Constant", value_t=torch.tensor([], dtype=torch.float32))
    return g.op(
        "Resize",
        planes,
        none,
        none,
        sizes,
        antialias_i=1,
        exclude_outside_i=1,
        coordinate_transformation_mode_s="half_pixel",
        mode_s="linear",
    )
