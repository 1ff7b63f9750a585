"""`RUN/lineage.json`: from which data, code and weights a checkpoint came.

What a run ran on: facts for the report and the lineage.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from raasid.datasets.datamodule import TaskData

PACKAGES = ("raasid", "torch", "lightning", "ultralytics", "opencv-python", "numpy")


def environment() -> dict[str, str]:
    """Names and versions that decide whether a figure can be reproduced."""
    device = (
        torch.cuda.get_device_name(0)
        if torch.cuda.is_available()
        else platform.processor() or platform.machine()
    )
    facts = {
        "python": platform.python_version(),
        "device": device,
        "threads": str(torch.get_num_threads()),
        "code": code_revision(),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def code_revision() -> str:
    """The commit that the package lies in, with a mark if files differ from it."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"


def write_lineage(
    run_dir: Path, data: TaskData, checkpoint: Path | None, parents: Mapping[str, str | Path | None]
) -> None:
    """Record inputs and outputs by content.

    parents: role (`init_from`, `resumed_from`, …) -> file; those that are None are left out.
    """
    record: dict[str, Any] = {
        "format": 1,
        "run": run_dir.name,
        "environment": environment(),
        "inputs": {role: _file(Path(path)) for role, path in parents.items() if path is not None},
        "data": data_facts(data) | data.facts,
        "outputs": {"checkpoint": _file(checkpoint)} if checkpoint is not None else {},
    }
    (run_dir / "lineage.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def data_facts(data: TaskData) -> dict[str, Any]:
    """Matches and frames of the splits and of what is used beside; licenses, one digest of all labels."""
    digest = hashlib.sha256()
    facts: dict[str, Any] = {}
    licenses: set[str] = set()
    parts = {name: getattr(data.splits, name, ()) for name in ("train", "val", "test")}
    beside = {"league": data.league, "calibration": data.calibration}
    for name, clips in (parts | {name: clips for name, clips in beside.items() if clips}).items():
        for clip in clips:
            licenses.add(clip.provenance.license)
            for frame in clip.frames:
                digest.update(
                    repr((name, clip.id, clip.match, frame.index, frame.image.name, frame.balls)).encode()
                )
        facts[name] = {
            "matches": sorted({clip.match for clip in clips}),
            "frames": sum(len(clip.frames) for clip in clips),
        }
    return facts | {"labels_sha256": digest.hexdigest(), "licenses": sorted(licenses)}


def _file(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"path": str(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
