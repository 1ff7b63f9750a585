"""`raasid train`: fit, test on held-out matches, report, register."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl

from raasid.config.build import build
from raasid.errors import UsageError
from raasid.models.checkpoints import load_checkpoint_weights, load_matching_weights
from raasid.models.module import TaskModule
from raasid.pipeline.adapters.adapter import plan_of
from raasid.pipeline.evaluation import measure, publish, show
from raasid.pipeline.model_refs import remember
from raasid.pipeline.register import ready_to_register, register
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.fit import fit
from raasid.training.lineage import write_lineage
from raasid.wandb_tracking.logging import finish_run_on_exit


def train(cfg: TrainConfig, run_dir: Path) -> float | None:
    """Fit one model, measure it on matches that it has never seen, and write the report.

    Returns the optimised metric as validation last logged it (what a sweep maximises); None in a run
    that did not validate.
    """
    with finish_run_on_exit(run_dir):
        return _trained(cfg, run_dir)


def _trained(cfg: TrainConfig, run_dir: Path) -> float | None:
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    model: TaskModule = build(cfg.model)
    if not model.trainable:
        raise UsageError(
            f"model: {type(model).__name__} has nothing to train; measure it with `raasid evaluate`"
        )
    sign = ready_to_register(cfg)
    if cfg.model.init_from is not None:
        load_matching_weights(model, cfg.model.init_from)
    plan = plan_of(model)
    data = plan.data(cfg.data, cfg.paths, cfg.seed, model)
    fitted = fit(cfg, model, data, run_dir, measure=[plan.watcher()])
    score = fitted.trainer.callback_metrics.get(cfg.optimized_metric)
    checkpoint, result = fitted.checkpoint, None
    if cfg.test:
        if checkpoint is not None:
            load_checkpoint_weights(model, checkpoint)
        result = measure(fitted.trainer, model, data, "test")
        if fitted.trainer.is_global_zero:
            title = f"{model.task.capitalize()} model, {run_dir.name}"
            report = publish(result, data, run_dir, plan, title=title, facts=data.facts)
            show(result, data, run_dir, checkpoint, report)
    if fitted.trainer.is_global_zero:
        parents = {"init_from": cfg.model.init_from, "resumed_from": cfg.ckpt_path, **data.upstream}
        write_lineage(run_dir, data, checkpoint, parents)
        if checkpoint is not None:
            remember(Path(cfg.paths.logs), model.task, checkpoint)
        if cfg.register_ and checkpoint is not None and result is not None:
            register(cfg, run_dir, model, data, result, sign)
    return None if score is None else float(score)
