"""Write `RUN/lineage.json`: the data, code, environment and weights that a checkpoint comes from."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from raasid.datasets.datamodule import TaskDataModule
from raasid.escaping import printable
from raasid.footage.coco_encoder import annotation_entries, image_entries, video_entries
from raasid.footage.records import Clip
from raasid.io.atomic import write_atomic
from raasid.training.run_record import RunRecord

PACKAGES = ("raasid", "torch", "lightning", "ultralytics", "opencv-python", "numpy")


def environment() -> dict[str, str]:
    """Return the names and versions that figures depend on."""
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
    """Return the commit of the package's checkout, with `-dirty` if files differ from it."""
    folder = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"


def write_lineage(
    run_dir: Path,
    run: RunRecord,
    data: TaskDataModule,
    checkpoint: Path | None,
    parents: Mapping[str, str | Path | None],
) -> None:
    """Record inputs and outputs of a run with their digests.

    parents: role (`init_from`, an upstream task, …) -> file; None is skipped.
    """
    resumed = {} if run.resumed_from is None else {"resumed_from": run.resumed_from}
    record: dict[str, Any] = {
        "format": 1,
        "run": run_dir.name,
        "run_id": run.id,
        "environment": environment(),
        "inputs": {role: _file(Path(path)) for role, path in parents.items() if path is not None} | resumed,
        "data": data_facts(data) | data.input_facts,
        "outputs": {"checkpoint": _file(checkpoint)} if checkpoint is not None else {},
    }
    write_atomic(run_dir / "lineage.json", json.dumps(record, indent=1, sort_keys=True) + "\n")


def data_facts(data: TaskDataModule) -> dict[str, Any]:
    """Return matches and frames of every split and of the additional clips, all licenses, and digests.

    `tags`: those of the training clips.

    `labels_sha256` covers everything that is annotated (balls, persons, facts, rulings, …) and image names,
    but no folders: the same footage elsewhere has the same digest. `media_sha256` covers the images and
    videos that were read, as they were then. A stored version also has its reference and `dataset_sha256`.
    """
    digest, media = hashlib.sha256(), hashlib.sha256()
    facts: dict[str, Any] = {}
    licenses: set[str] = set()
    parts = {name: getattr(data.splits, name, ()) for name in ("train", "val", "test")}
    additional = {"league": data.league, "calibration": data.calibration}
    for name, clips in (parts | {name: clips for name, clips in additional.items() if clips}).items():
        licenses |= {clip.provenance.license for clip in clips}
        digest.update(name.encode())
        for entry in _label_entries(clips):
            digest.update(json.dumps(entry, sort_keys=True, default=float).encode())
        for frame in (frame for clip in clips for frame in clip.frames):
            media.update(f"{name} {data.media.get(frame.image)}\n".encode())
        facts[name] = {
            "matches": sorted({clip.match for clip in clips}),
            "frames": sum(len(clip.frames) for clip in clips),
        }
    facts["tags"] = sorted({tag for clip in parts["train"] for tag in clip.tags})
    if data.media:
        facts["media_sha256"] = media.hexdigest()
    if data.footage is not None:
        facts |= data.footage.dataset
    return facts | {"labels_sha256": digest.hexdigest(), "licenses": sorted(licenses)}


def _label_entries(clips: Sequence[Clip]) -> Iterator[dict[str, Any]]:
    """Yield the clips as entries of COCO video JSON, with images by their names alone."""
    moved = [
        replace(clip, frames=tuple(replace(frame, image=Path(frame.image.name)) for frame in clip.frames))
        for clip in clips
    ]
    yield from video_entries(moved)
    yield from image_entries(moved, Path())
    yield from annotation_entries(moved)


def _file(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"path": printable(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
