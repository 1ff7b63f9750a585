"""Register a trained model as the challenger, and mirror the new version to W&B."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import yaml

from raasid.console.terminal import err, out
from raasid.datasets.datamodule import TaskDataModule
from raasid.errors import UsageError
from raasid.escaping import printable
from raasid.evaluation.result import EvaluationResult
from raasid.io.atomic import write_atomic
from raasid.models.module import TaskModule
from raasid.monitoring.reference_profile import PROFILE
from raasid.packaging.card_builder import build_card, defined_metrics
from raasid.packaging.onnx.export import NotExportable
from raasid.packaging.onnx.graph_spec import NoOnnxExport
from raasid.packaging.onnx.parity import NotComputable, ParityBroken
from raasid.packaging.package import pack, portable_model_config
from raasid.pipeline.drift_check import reference_profile
from raasid.pipeline.evaluation import SplitPredictions
from raasid.pipeline.export import write_verified_graphs
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.errors import PackageRefused
from raasid.registry.lineage import find_parent, find_version_of_run
from raasid.registry.names import CHALLENGER, Version
from raasid.registry.outbox import Mirror, Outbox, RunRef
from raasid.registry.registry import ManifestSigner, Registry
from raasid.registry.signing import signer_from_env
from raasid.tasks import TASKS
from raasid.training.run_record import OwnedRun
from raasid.wandb_tracking.client import WandbMirror
from raasid.wandb_tracking.enqueue import queue_version, run_summary
from raasid.wandb_tracking.logging import entity, mode, project, run_id, wandb_folder
from raasid.wandb_tracking.sync import sync

NUM_PARITY_SAMPLES = 2
"""Held-out samples on which the ONNX graphs are compared with the model."""


class NotRegistrable(UsageError):
    """A model that the registry refuses, found before it is trained."""

    def __init__(self, error: PackageRefused) -> None:
        super().__init__(f"register: {error.reason}; to train it all the same: register=false")


def check_registrable(cfg: TrainConfig) -> ManifestSigner | None:
    """Check before the training whether its model can be registered; return the signer, None without a key.

    Raises NotRegistrable, KeyUnusable.
    """
    if not (cfg.register_ and cfg.test):
        return None
    try:
        portable_model_config(cfg.model.model_dump(mode="json", by_alias=True))
    except PackageRefused as error:
        raise NotRegistrable(error) from error
    return signer_from_env()


def register(
    cfg: TrainConfig,
    run_dir: Path,
    run: OwnedRun,
    predicted: SplitPredictions,
    result: EvaluationResult,
    signer: ManifestSigner | None,
    reason: str = "",
) -> str:
    """Register a trained model with its card, metrics and lineage, and make it the `challenger`.

    A run has one version: what an earlier process of the run has done before it was killed is not repeated,
    and the rest is. Called by one process, after `lineage.json` is written. predicted: the test split, from
    which and from the data the profile is made. signer: from `check_registrable`.
    reason: for the version and its alias; by default that of the configuration, or the command.
    Returns NAME VERSION. Raises RegistryUnwritable, LeaseLost; the files of the run are kept.
    """
    model = predicted.model
    registry, name = Registry(cfg.paths.registry), TASKS[model.task].registry_name
    lineage = json.loads((run_dir / "lineage.json").read_text(encoding="utf-8"))
    reason, version = reason or cfg.reason or _reason(run_dir), None
    if run.record.registering:
        since = datetime.fromisoformat(run.record.started)
        version = find_version_of_run(registry, name, run.record.id, since)
    if version is None:
        config = cfg.recorded()
        parent = find_parent(registry, name, lineage, config, registry.now())
        lineage["parent"] = None if parent is None else parent.to_lineage()
        model = model.cpu().eval()
        card = build_card(model, config, lineage, result)
        files = pack(model, config, card, _export_graphs(cfg, run_dir, model, predicted.data))
        files[PROFILE] = reference_profile(predicted).to_json()
        run.start_registering()
        version = registry.register(
            name,
            files,
            model=portable_model_config(config["model"]),
            config=config,
            metrics=defined_metrics(result),
            lineage=lineage,
            reason=reason,
            sign=signer,
        )
        again = False
    else:
        lineage, again = registry.versions(name).manifest(version).lineage, True
    if not again or not _was_challenger(registry, name, version):
        registry.set_alias(name, CHALLENGER, version, reason)
    out().print(f"registered {name} {version} ({CHALLENGER})", markup=False)
    entries = mirror_version(cfg, run_dir, registry, name, version, again=again)
    lineage["registered"] = {"name": name, "version": str(version), "outbox": entries}
    write_atomic(run_dir / "lineage.json", json.dumps(lineage, indent=1, sort_keys=True) + "\n")
    return f"{name} {version}"


def _was_challenger(registry: Registry, name: str, version: Version) -> bool:
    """Whether the alias has pointed to the version, which another version may have followed since."""
    history = registry.alias_history(name, CHALLENGER).newest_first()
    return any(record.body["version"] == str(version) for record in history)


def _export_graphs(cfg: TrainConfig, run_dir: Path, model: TaskModule, data: TaskDataModule) -> Path | None:
    """Export the model to ONNX and return the folder.

    None if the model has no ONNX export, or if the export failed the parity check: the version is then
    registered without graphs.
    """
    folder = run_dir / "package"
    try:
        write_verified_graphs(model, data, cfg.data, "test", NUM_PARITY_SAMPLES, folder)
    except NoOnnxExport:
        return None
    except (NotExportable, NotComputable, ParityBroken) as error:
        err().print(f"registered without ONNX: {error}", markup=False)
        return None
    return folder


def _reason(run_dir: Path) -> str:
    """Return the command that was typed, as the reason for the version."""
    try:
        typed = yaml.safe_load((run_dir / ".hydra" / "overrides.yaml").read_text(encoding="utf-8"))
    except (FileNotFoundError, yaml.YAMLError):
        typed = None
    return printable(f"train {' '.join(map(str, typed))}") if typed else "train"


def run_ref(cfg: TrainConfig, run_dir: Path) -> RunRef | None:
    """Return the W&B run of a training; None where W&B is not configured, or disabled."""
    section = cfg.logger.wandb
    if section is None or mode(section) == "disabled":
        return None
    return RunRef(id=run_id(run_dir), project=project(section), entity=entity(section))


def mirror_version(
    cfg: TrainConfig,
    run_dir: Path,
    registry: Registry,
    name: str,
    version: Version,
    mirror: Mirror | None = None,
    again: bool = False,
) -> list[str]:
    """Mirror a registered version to W&B, immediately if online, otherwise through the outbox.

    Returns the names of the outbox entries; none without W&B, or with WANDB_MODE=disabled. Called while the
    run is still open, by one of its processes. mirror: for tests. again: an earlier process of the run may
    have begun with it. If W&B is unreachable a message says so.
    Raises NotRegistered, RegistryDamaged, RegistryUnwritable.
    """
    section, run = cfg.logger.wandb, run_ref(cfg, run_dir)
    if section is None or run is None:
        return []
    _update_summary(run, registry, name, version)
    outbox = Outbox(registry)
    reason = f"training {run_dir.name}"
    entries = queue_version(
        outbox, name, version, run, section.registry, reason, wandb_folder(run_dir), again
    )
    if mode(section) == "online":
        done = sync(registry, mirror or WandbMirror(), lambda line: None)
        if done.left:
            waiting = f"W&B: {done.left} messages wait in {registry.root / 'outbox'} ({done.reason})"
            err().print(f"{waiting}; send them: raasid registry sync", markup=False)
    return [f"outbox/entries/{entry.seq:08d}.json" for entry in entries]


def _update_summary(run: RunRef, registry: Registry, name: str, version: Version) -> None:
    """Put the final metrics into the summary of the open run, offline too."""
    import wandb

    if wandb.run is not None and wandb.run.id == run.id:
        wandb.run.summary.update(run_summary(registry.versions(name).manifest(version).metrics))
