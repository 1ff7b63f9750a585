"""The end of a training: the model becomes a version of the registry, and challenges the champion."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from raasid.config import TrainConfig
from raasid.console import err, out
from raasid.data.task_data import TaskData
from raasid.errors import UsageError
from raasid.evaluation.result import Result
from raasid.models.export.graphs import NoGraph
from raasid.models.export.onnx_file import NotExportable
from raasid.models.export.parity import NotComputable, ParityBroken
from raasid.models.module import REGISTRY_NAME, TaskModule
from raasid.pipeline.export import write_compared
from raasid.pipeline.mirrored import after_registration
from raasid.pipeline.registry_command.parent import find_parent
from raasid.registry.errors import PackageRefused
from raasid.registry.names import CHALLENGER, Version
from raasid.registry.package.own_key import own_signer
from raasid.registry.package.own_model import portable
from raasid.registry.package.pack import pack
from raasid.registry.package.run_card import card_of, figures
from raasid.registry.registry import Registry, Sign

SAMPLES = 2
"""On so many held-out samples the graphs are compared with the model."""


class NotToBeKept(UsageError):
    """A model that the registry will not take, told before it is trained."""

    def __init__(self, error: PackageRefused) -> None:
        super().__init__(f"register: {error.reason}; to train it all the same: register=false")


def ready_to_register(cfg: TrainConfig) -> Sign | None:
    """Return what signs the version to be, None where nobody does.

    Raises NotToBeKept, KeyUnusable: whatever can be known beforehand is not told after hours of training.
    """
    if not (cfg.register_ and cfg.test):
        return None
    try:
        portable(cfg.model.model_dump(mode="json", by_alias=True))
    except PackageRefused as error:
        raise NotToBeKept(error) from error
    return own_signer()


def register(
    cfg: TrainConfig, run_dir: Path, model: TaskModule, data: TaskData, result: Result, sign: Sign | None
) -> Version:
    """Keep a trained model with all that is known of it, as `challenger`.

    Called by one process, when `lineage.json` is written. sign: from `ready_to_register`.
    Raises RegistryUnwritable; the run keeps everything that it made.
    """
    registry, name = Registry(cfg.paths.registry), REGISTRY_NAME[model.task]
    config = cfg.model_dump(mode="json", by_alias=True)
    lineage = json.loads((run_dir / "lineage.json").read_text(encoding="utf-8"))
    reason = _reason(run_dir)
    parent = find_parent(registry, name, lineage, config, registry.now())
    lineage["parent"] = None if parent is None else parent.noted()
    model = model.cpu().eval()
    version = registry.register(
        name,
        pack(model, config, card_of(model, config, lineage, result), _graphs(cfg, run_dir, model, data)),
        model=portable(config["model"]),
        config=config,
        metrics=figures(result),
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


def _graphs(cfg: TrainConfig, run_dir: Path, model: TaskModule, data: TaskData) -> Path | None:
    """ONNX beside the weights, compared with the model.

    None for a model that cannot be told as a graph, and where the graph does not say what the model says:
    hours of training are not lost for it, and no graph is handed on that nobody can rely on.
    """
    folder = run_dir / "package"
    try:
        write_compared(model, data, cfg.data, "test", SAMPLES, folder)
    except NoGraph:
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
