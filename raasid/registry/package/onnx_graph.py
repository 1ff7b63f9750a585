"""An ONNX file as it lies on the disk: well formed to its last byte, and with all its weights inside.

A tensor may say that its data are in another file, by any path: whoever loads the graph would read that.
Source: onnx.proto of ONNX (field numbers), the protocol buffers encoding guide (wire format).
"""

from __future__ import annotations

from collections.abc import Iterator

_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Message -> number of a field -> message in it, on the ways to tensors."""
_OF_MODEL = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
_GRAPH, _EXTERNAL_DATA, _DATA_LOCATION = 7, 13, 14
_DEEPEST = 64


def check_onnx(data: memoryview) -> None:
    """Raises ValueError: no model, cut short, or with weights elsewhere."""
    fields = {number for number, _, _, _ in _fields(data, 0, len(data))}
    if _GRAPH not in fields or not fields <= _OF_MODEL:
        raise ValueError("is no ONNX model")
    _look("model", data, 0, len(data), 0)


def _look(kind: str, data: memoryview, at: int, end: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("is a graph nested too deep")
    for number, value, begin, stop in _fields(data, at, end):
        if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value)):
            raise ValueError("keeps weights in another file; export the graph with all of them inside")
        inner = _INSIDE[kind].get(number)
        if inner is not None and stop >= 0:
            _look(inner, data, begin, stop, depth + 1)


def _fields(data: memoryview, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, value, and begin and end of what is nested; -1 for a plain value."""
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        value, begin, stop = 0, at, -1
        if wire == 0:
            value, at = _varint(data, at, end)
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        elif wire == 2:
            length, begin = _varint(data, at, end)
            at = stop = begin + length
        else:
            raise ValueError("is no ONNX model")
        if at > end or number == 0:
            raise ValueError("is no ONNX model, or cut short")
        yield number, value, begin, stop


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("is no ONNX model, or cut short")
