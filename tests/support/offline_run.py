"""Reads the file that wandb writes offline: a log of protobuf records in blocks, in LevelDB's log format."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import wandb
from wandb.proto.wandb_internal_pb2 import Record

_BLOCK, _HEAD, _START = 32 << 10, 7, 7
_FULL, _LAST = 1, 4


def records(file: Path) -> list[Any]:
    """All records of `run-<id>.wandb`, to the end of the run."""
    found = [Record.FromString(each) for each in _pieces(file.read_bytes())]
    assert any(record.HasField("exit") for record in found), f"{file} has no end"
    return found


def finish() -> None:
    """End the open run, and wandb's service: only after its end are the files complete."""
    wandb.finish()
    wandb.teardown()


def run_files(folder: Path, count: int = 1) -> list[Path]:
    """Files of all offline runs below a folder, oldest first."""
    found = sorted(folder.rglob("run-*.wandb"), key=lambda path: path.stat().st_mtime_ns)
    logs = "\n".join(path.read_text()[-4000:] for path in folder.rglob("debug-internal.log"))
    assert len(found) == count, f"{sorted(folder.rglob('*'))}\n{logs}"
    return found


def config_of(found: list[Any]) -> dict[str, Any]:
    """The configuration as the last record leaves it."""
    config: dict[str, Any] = {}
    for record in found:
        for item in [*record.run.config.update, *record.config.update]:
            config[item.key or ".".join(item.nested_key)] = json.loads(item.value_json)
    return config


def summary_of(found: list[Any]) -> dict[str, Any]:
    """The summary as the last record leaves it."""
    items = [item for record in found for item in record.summary.update]
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def history_of(found: list[Any], key: str) -> list[Any]:
    """All logged values of one metric."""
    items = [item for record in found for item in record.history.item]
    return [json.loads(item.value_json) for item in items if key in (item.key, ".".join(item.nested_key))]


def _pieces(data: bytes) -> Iterator[bytes]:
    assert data[:4] == b":W&B"
    at, whole = _START, b""
    while at + _HEAD <= len(data):
        if _BLOCK - at % _BLOCK < _HEAD:
            at += _BLOCK - at % _BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        if kind == 0 or at + _HEAD + length > len(data):
            return
        whole += data[at + _HEAD : at + _HEAD + length]
        at += _HEAD + length
        if kind in (_FULL, _LAST):
            yield whole
            whole = b""
