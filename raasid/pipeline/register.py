"""The end of a training: the model becomes a version of the registry, and challenges the champion.

After a registration: W&B shall hold it, too, now or when there is a network.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from raasid.console.terminal import err, out
from raasid.datasets.datamodule import TaskDataModule
from raasid.errors import UsageError
from raasid.evaluation.result import EvaluationResult
from raasid.models.module import TaskModule
from raasid.packaging.model_card import build_card, defined_metrics
from raasid.packaging.onnx.export import NotExportable
from raasid.packaging.onnx.graph_spec import NoOnnxExport
from raasid.packaging.onnx.parity import NotComputable, ParityBroken
from raasid.packaging.package import pack, portable_model_config
from raasid.pipeline.export import write_compared
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.errors import PackageRefused
from raasid.registry.names import CHALLENGER, Version
from raasid.registry.outbox import Mirror, Outbox, RunRef
from raasid.registry.parent_version import find_parent
from raasid.registry.registry import ManifestSigner, Registry
from raasid.registry.signing import signer_from_env
from raasid.tasks import TASKS
from raasid.wandb_tracking.client import WandbMirror
from raasid.wandb_tracking.enqueue import queue_version, run_summary
from raasid.wandb_tracking.logging import entity, mode, project, run_id, wandb_folder
from raasid.wandb_tracking.sync import sync


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
        wandb.run.summary.update(run_summary(registry.versions(name).manifest(version).metrics))


SAMPLES = 2
"""On so many held-out samples the graphs are compared with the model."""


class NotToBeKept(UsageError):
    """A model that the registry will not take, told before it is trained."""

    def __init__(self, error: PackageRefused) -> None:
        super().__init__(f"register: {error.reason}; to train it all the same: register=false")


def ready_to_register(cfg: TrainConfig) -> ManifestSigner | None:
    """Return what signs the version to be, None where nobody does.

    Raises NotToBeKept, KeyUnusable: whatever can be known beforehand is not told after hours of training.
    """
    if not (cfg.register_ and cfg.test):
        return None
    try:
        portable_model_config(cfg.model.model_dump(mode="json", by_alias=True))
    except PackageRefused as error:
        raise NotToBeKept(error) from error
    return signer_from_env()


def register(
    cfg: TrainConfig,
    run_dir: Path,
    model: TaskModule,
    data: TaskDataModule,
    result: EvaluationResult,
    sign: ManifestSigner | None,
) -> Version:
    """Keep a trained model with all that is known of it, as `challenger`.

    Called by one process, when `lineage.json` is written. sign: from `ready_to_register`.
    Raises RegistryUnwritable; the run keeps everything that it made.
    """
    registry, name = Registry(cfg.paths.registry), TASKS[model.task].registry_name
    config = cfg.model_dump(mode="json", by_alias=True)
    lineage = json.loads((run_dir / "lineage.json").read_text(encoding="utf-8"))
    reason = _reason(run_dir)
    parent = find_parent(registry, name, lineage, config, registry.now())
    lineage["parent"] = None if parent is None else parent.to_lineage()
    model = model.cpu().eval()
    version = registry.register(
        name,
        pack(model, config, build_card(model, config, lineage, result), _graphs(cfg, run_dir, model, data)),
        model=portable_model_config(config["model"]),
        config=config,
        metrics=defined_metrics(result),
        lineage=lineage,
        reason=reason,
        sign=sign,
    )
    registry.set_alias(name, CHALLENGER, version, reason)
    out().print(f"registered {name} {version} ({CHALLENGER})", markup=False)
    entries = after_registration(cfg, run_dir, registry, name, version)
    lineage["registered"] = {"name": name, "version": str(version), "outbox": entries}
    (run_dir / "lineage.json").write_text(json.dumps(lineage, indent=1, sort_keys=True) + "\n")
    return version


def _graphs(cfg: TrainConfig, run_dir: Path, model: TaskModule, data: TaskDataModule) -> Path | None:
    """ONNX beside the weights, compared with the model.

    None for a model that cannot be told as a graph, and where the graph does not say what the model says:
    hours of training are not lost for it, and no graph is handed on that nobody can rely on.
    """
    folder = run_dir / "package"
    try:
        write_compared(model, data, cfg.data, "test", SAMPLES, folder)
    except NoOnnxExport:
        return None
    except (NotExportable, NotComputable, ParityBroken) as error:
        err().print(f"registered without ONNX: {error}", markup=False)
        return None
    return folder


def _reason(run_dir: Path) -> str:
    """What was typed, which says best why there is this version."""
    try:
        typed = yaml.safe_load((run_dir / ".hydra" / "overrides.yaml").read_text(encoding="utf-8"))
    except (FileNotFoundError, yaml.YAMLError):
        typed = None
    return f"train {' '.join(map(str, typed))}" if typed else "train"
