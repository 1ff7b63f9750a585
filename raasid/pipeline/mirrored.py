"""After a registration: W&B shall hold it, too, now or when there is a network."""

from __future__ import annotations

from pathlib import Path

from raasid.config import TrainConfig
from raasid.console import err
from raasid.registry.mirror.interface import Mirror
from raasid.registry.mirror.outbox import Outbox
from raasid.registry.mirror.registration import queue_version, summary_of
from raasid.registry.mirror.sync import sync
from raasid.registry.mirror.told import RunRef
from raasid.registry.mirror.wandb_client import WandbMirror
from raasid.registry.names import Version
from raasid.registry.registry import Registry
from raasid.training.wandb_run import entity, mode, project, run_id, wandb_folder


def run_ref(cfg: TrainConfig, run_dir: Path) -> RunRef | None:
    """The run of W&B that a training is; None where W&B is not configured, or disabled."""
    section = cfg.logger.wandb
    if section is None or mode(section) == "disabled":
        return None
    return RunRef(id=run_id(run_dir), project=project(section), entity=entity(section))


def after_registration(
    cfg: TrainConfig,
    run_dir: Path,
    registry: Registry,
    name: str,
    version: Version,
    mirror: Mirror | None = None,
) -> list[str]:
    """Queue a version for W&B, and send what is queued if the run is online; return the entries' names.

    Offline it only queues; without W&B, or with WANDB_MODE=disabled, it does nothing. To be called while the
    run is still open, by one process of a run; mirror: for tests. That W&B cannot be reached is told and
    costs nothing; raises NotRegistered, RegistryDamaged, RegistryUnwritable.
    """
    section, run = cfg.logger.wandb, run_ref(cfg, run_dir)
    if section is None or run is None:
        return []
    _summarize(run, registry, name, version)
    outbox = Outbox(registry)
    why = f"training {run_dir.name}"
    entries = queue_version(outbox, name, version, run, section.registry, why, wandb_folder(run_dir))
    if mode(section) == "online":
        done = sync(registry, mirror or WandbMirror(), lambda line: None)
        if done.left:
            said = f"W&B: {done.left} things wait in {registry.root / 'outbox'} ({done.why})"
            err().print(f"{said}; send them: raasid registry sync", markup=False)
    return [f"outbox/entries/{entry.seq:08d}.json" for entry in entries]


def _summarize(run: RunRef, registry: Registry, name: str, version: Version) -> None:
    """Put the final figures into the open run; offline they are then in its files as well."""
    import wandb

    if wandb.run is not None and wandb.run.id == run.id:
        wandb.run.summary.update(summary_of(registry.versions(name).manifest(version).metrics))
