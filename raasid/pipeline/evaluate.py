"""`raasid evaluate`: a checkpoint's figures on footage of your choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raasid.config import EvaluateConfig
from raasid.config.build import build
from raasid.config.model_section import model_section
from raasid.config.schema.footage import DataConfig
from raasid.data.ball_source import ball_data
from raasid.errors import CheckpointUnusable
from raasid.evaluation.validation import BallValidation
from raasid.models.ball.module import BallModule
from raasid.models.weights import load_checkpoint, load_weights
from raasid.pipeline.held_out import measure, publish, show
from raasid.training.trainer import build_trainer


def evaluate(cfg: EvaluateConfig, run_dir: Path) -> float:
    """Measure a checkpoint as its own training measured it; returns the detection rate.

    The checkpoint brings the model's configuration, the size of its input and its operating point;
    `data.size`, `data.eval_scale` and `threshold` overrule the last two.
    """
    path = Path(cfg.ckpt_path)
    trained = load_checkpoint(path).get("config")
    if not isinstance(trained, dict):
        raise CheckpointUnusable(path, "holds no configuration; it was not written by `raasid train`")
    model: BallModule = build(model_section(trained["model"]))
    load_weights(model, path)
    section = cfg.data.model_copy(update=_as_trained(cfg.data, trained["data"]))
    data = ball_data(section, cfg.paths, trained["seed"], model.frames)
    trainer = build_trainer(cfg.trainer, run_dir, [BallValidation()])
    result = measure(trainer, model, data, cfg.split, cfg.threshold)
    if trainer.is_global_zero:
        report = publish(result, data, run_dir, title=f"Ball model, {path}", facts={"split": cfg.split})
        show(result, data, run_dir, path, report)
    return result["detection_rate"].value


def _as_trained(asked: DataConfig, trained: dict[str, Any]) -> dict[str, Any]:
    """How large the frames are, where the user does not say; a size that was asked for is meant as it is."""
    scale = trained.get("eval_scale", 1.0) if asked.size is None else 1.0
    return {
        "size": asked.size or tuple(trained["size"]),
        "eval_scale": scale if asked.eval_scale is None else asked.eval_scale,
    }
