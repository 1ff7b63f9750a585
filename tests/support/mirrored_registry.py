"""A registry whose versions were registered by W&B runs."""

from __future__ import annotations

from pathlib import Path

from operations import files

from raasid.registry.filesystem import FileSystem
from raasid.registry.names import Version
from raasid.registry.outbox import Outbox, OutboxEntry, RunRef
from raasid.registry.records import MetricValue
from raasid.registry.registry import Registry
from raasid.wandb_tracking.enqueue import queue_version

NAME = "ball_model"
NOW = 1_795_000_000.0
DATA = "ab" * 32


def registry_at(root: Path, fs: FileSystem | None = None) -> Registry:
    return Registry(root, fs=fs, author="tester", clock=lambda: NOW)


def run_ref(number: int) -> RunRef:
    return RunRef(id=f"run{number}", project="raasid", entity="club")


def register(registry: Registry, number: int, inputs: dict[str, str] | None = None) -> Version:
    """Version `number`; its checkpoint has the digest of `checkpoint(number)`."""
    return registry.register(
        NAME,
        files(number),
        config={"seed": number},
        metrics={"detection_rate": MetricValue(value=0.5 + number / 100, low=0.4, high=0.9)},
        lineage={
            "data": {"labels_sha256": DATA, "train": {"frames": 12}},
            "inputs": {role: {"path": "x.ckpt", "sha256": digest} for role, digest in (inputs or {}).items()},
            "outputs": {"checkpoint": {"path": "best.ckpt", "sha256": checkpoint(number)}},
        },
        reason=f"build {number}",
    )


def checkpoint(number: int) -> str:
    return f"{number:064x}"


def queue(
    registry: Registry, version: Version, number: int, collection: str | None = "model"
) -> list[OutboxEntry]:
    return queue_version(Outbox(registry), NAME, version, run_ref(number), collection, f"run {number}")


def prepared(root: Path, fs: FileSystem | None = None) -> Registry:
    """Register two versions, the second built on the first; the first is champion, then the second."""
    registry = registry_at(root, fs)
    first = register(registry, 1)
    registry.set_alias(NAME, "challenger", first, "new")
    queue(registry, first, 1)
    second = register(registry, 2, {"init_from": checkpoint(1)})
    queue(registry, second, 2)
    for version in (first, second):
        registry.set_alias(NAME, "champion", version, "better")
    return registry
