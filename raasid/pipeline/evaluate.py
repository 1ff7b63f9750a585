"""`raasid evaluate`: measure a model, and optionally a baseline, on footage of your choice."""

from __future__ import annotations

from pathlib import Path

from raasid.console.terminal import out
from raasid.datasets.datamodule import TaskDataModule
from raasid.evaluation.result import EvaluationResult
from raasid.packaging.card_builder import defined_metrics
from raasid.packaging.package import LoadedVersion
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.evaluation import (
    evaluate_named_model,
    print_comparison,
    print_results,
    write_results,
)
from raasid.pipeline.model_refs import (
    baseline_model,
    model_to_evaluate,
    require_model_in_use,
)
from raasid.pipeline.verb_configs import EvaluateConfig
from raasid.registry.registry import Registry
from raasid.training.lineage import data_facts


def evaluate(cfg: EvaluateConfig, run_dir: Path) -> float:
    """Evaluate a model as its own training did; returns the primary metric.

    The checkpoint brings the model's configuration, how its input is made and its operating point; the
    command line overrides them. A model that is not trained comes from `model=` alone.
    """
    model = model_to_evaluate(cfg)
    other = None if cfg.against is None else baseline_model(cfg.against, cfg, model.module.task)
    require_model_in_use(cfg, model, *([] if other is None else [other]))
    seed = model.trained.get("seed", cfg.seed)
    result, data = evaluate_named_model(
        model, cfg.data, cfg.paths, cfg.trainer, cfg.split, seed, run_dir, cfg.threshold
    )
    baseline = None
    if other is not None:
        with_own_size = cfg.data.model_copy(update={"size": None, "eval_scale": None})
        measured, _ = evaluate_named_model(
            other, with_own_size, cfg.paths, cfg.trainer, cfg.split, seed, run_dir, cfg.threshold
        )
        baseline = other.name, measured
    if data.trainer is None or data.trainer.is_global_zero:
        title = f"{model.module.task.capitalize()} model, {model.name}"
        facts = {"split": cfg.split, **data.input_facts}
        report = write_results(result, data, run_dir, task_adapter(model.module), title, facts, baseline)
        if baseline is not None:
            print_comparison(model.name, result, *baseline)
        print_results(result, data, run_dir, Path(cfg.ckpt_path) if cfg.ckpt_path else None, report)
        if model.loaded is not None and cfg.register_:
            _add_to_version(cfg, model.loaded, data, result)
    return result.score


def _add_to_version(
    cfg: EvaluateConfig, loaded: LoadedVersion, data: TaskDataModule, result: EvaluationResult
) -> None:
    registry, name = Registry(cfg.paths.registry), loaded.manifest.name
    reason = f"evaluate version={cfg.version}"
    facts = data_facts(data) | data.input_facts
    registry.add_evaluation(name, loaded.version, cfg.split, facts, defined_metrics(result), reason)
    out().print(f"added to {name} {loaded.version}", markup=False)
