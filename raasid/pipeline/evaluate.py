"""`raasid evaluate`: a model's figures on footage of your choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raasid.config import EvaluateConfig
from raasid.config.build import build
from raasid.console import out
from raasid.data.task_data import TaskData
from raasid.errors import UsageError
from raasid.evaluation.result import Result
from raasid.models.module import TaskModule
from raasid.models.trained import load_trained
from raasid.pipeline.held_out import measure, publish, show
from raasid.pipeline.lineage import data_facts
from raasid.pipeline.task import plan_of
from raasid.registry.package.load import Loaded, load_module
from raasid.registry.package.run_card import figures
from raasid.registry.registry import Registry
from raasid.training.trainer import build_trainer


def evaluate(cfg: EvaluateConfig, run_dir: Path) -> float:
    """Measure a checkpoint as its own training measured it; returns the metric that decides.

    The checkpoint brings the model's configuration, how its input is made and its operating point;
    what the command line says overrules that. A model that is not trained comes from `model=` alone.
    """
    loaded = _registered(cfg)
    model, trained = _model(cfg) if loaded is None else (loaded.module, loaded.manifest.config)
    plan = plan_of(model)
    section = cfg.data.model_copy(update=plan.as_trained(cfg.data, trained.get("data", {})))
    data = plan.data(section, cfg.paths, trained.get("seed", cfg.seed), model)
    trainer = build_trainer(cfg.trainer, run_dir, [plan.watcher()])
    result = measure(trainer, model, data, cfg.split, cfg.threshold)
    if trainer.is_global_zero:
        name = cfg.ckpt_path or cfg.version or type(model).__name__
        title = f"{model.task.capitalize()} model, {name}"
        facts = {"split": cfg.split, **data.facts}
        report = publish(result, data, run_dir, plan, title=title, facts=facts)
        checkpoint = Path(cfg.ckpt_path) if cfg.ckpt_path else None
        show(result, data, run_dir, checkpoint, report)
        if loaded is not None and cfg.register_:
            _add(cfg, loaded, data, result)
    return result.score


def _registered(cfg: EvaluateConfig) -> Loaded | None:
    if cfg.version is None:
        return None
    name, _, ref = cfg.version.partition("@")
    return load_module(Registry(cfg.paths.registry), name, ref)


def _add(cfg: EvaluateConfig, loaded: Loaded, data: TaskData, result: Result) -> None:
    registry, name = Registry(cfg.paths.registry), loaded.manifest.name
    reason = f"evaluate version={cfg.version}"
    facts = data_facts(data) | data.facts
    registry.add_evaluation(name, loaded.version, cfg.split, facts, figures(result), reason)
    out().print(f"added to {name} {loaded.version}", markup=False)


def _model(cfg: EvaluateConfig) -> tuple[TaskModule, dict[str, Any]]:
    """The model with its weights, and the configuration that it was trained with."""
    if cfg.ckpt_path is None:
        assert cfg.model is not None
        model: TaskModule = build(cfg.model)
        if model.trainable:
            raise UsageError(f"model: {type(model).__name__} is trained; give its weights, ckpt_path=FILE")
        return model, {}
    return load_trained(Path(cfg.ckpt_path))
