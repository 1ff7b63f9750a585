"""`raasid evaluate`: a model's figures on footage of your choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raasid.config import EvaluateConfig
from raasid.config.build import build
from raasid.errors import UsageError
from raasid.models.module import TaskModule
from raasid.models.trained import load_trained
from raasid.pipeline.held_out import measure, publish, show
from raasid.pipeline.task import plan_of
from raasid.training.trainer import build_trainer


def evaluate(cfg: EvaluateConfig, run_dir: Path) -> float:
    """Measure a checkpoint as its own training measured it; returns the metric that decides.

    The checkpoint brings the model's configuration, how its input is made and its operating point;
    what the command line says overrules that. A model that is not trained comes from `model=` alone.
    """
    model, trained = _model(cfg)
    plan = plan_of(model)
    section = cfg.data.model_copy(update=plan.as_trained(cfg.data, trained.get("data", {})))
    data = plan.data(section, cfg.paths, trained.get("seed", cfg.seed), model)
    trainer = build_trainer(cfg.trainer, run_dir, [plan.watcher()])
    result = measure(trainer, model, data, cfg.split, cfg.threshold)
    if trainer.is_global_zero:
        name = cfg.ckpt_path or type(model).__name__
        title = f"{model.task.capitalize()} model, {name}"
        facts = {"split": cfg.split, **data.facts}
        report = publish(result, data, run_dir, plan, title=title, facts=facts)
        checkpoint = Path(cfg.ckpt_path) if cfg.ckpt_path else None
        show(result, data, run_dir, checkpoint, report)
    return result.score


def _model(cfg: EvaluateConfig) -> tuple[TaskModule, dict[str, Any]]:
    """The model with its weights, and the configuration that it was trained with."""
    if cfg.ckpt_path is None:
        assert cfg.model is not None
        model: TaskModule = build(cfg.model)
        if model.trainable:
            raise UsageError(f"model: {type(model).__name__} is trained; give its weights, ckpt_path=FILE")
        return model, {}
    return load_trained(Path(cfg.ckpt_path))
