"""`raasid train`: fit, test on held-out matches, report."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl

from raasid.config import TrainConfig
from raasid.config.build import build
from raasid.data.ball_source import ball_data
from raasid.evaluation.validation import BallValidation
from raasid.models.ball.module import BallModule
from raasid.models.weights import init_from, load_weights
from raasid.pipeline.held_out import measure, publish, show
from raasid.pipeline.lineage import write_lineage
from raasid.training.fit import fit


def train(cfg: TrainConfig, run_dir: Path) -> float | None:
    """Fit one model, measure it on matches that it has never seen, and write the report.

    Returns the optimised metric as validation last logged it (what a sweep maximises); None in a run
    that did not validate.
    """
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    model: BallModule = build(cfg.model)
    if cfg.model.init_from is not None:
        init_from(model, cfg.model.init_from)
    data = ball_data(cfg.data, cfg.paths, cfg.seed, model.frames)
    fitted = fit(cfg, model, data, run_dir, measure=[BallValidation()])
    score = fitted.trainer.callback_metrics.get(cfg.optimized_metric)
    checkpoint = fitted.checkpoint
    if cfg.test:
        if checkpoint is not None:
            load_weights(model, checkpoint)
        result = measure(fitted.trainer, model, data, "test")
        if fitted.trainer.is_global_zero:
            report = publish(result, data, run_dir, title=f"Ball model, {run_dir.name}", facts={})
            show(result, data, run_dir, checkpoint, report)
    if fitted.trainer.is_global_zero:
        write_lineage(
            run_dir, data, checkpoint, {"init_from": cfg.model.init_from, "resumed_from": cfg.ckpt_path}
        )
    return None if score is None else float(score)
