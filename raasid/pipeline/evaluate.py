"""`raasid evaluate`: a model's figures on footage of your choice."""

from __future__ import annotations

from pathlib import Path

from raasid.console.terminal import out
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import Data
from raasid.evaluation.result import EvaluationResult
from raasid.packaging.model_card import defined_metrics
from raasid.packaging.package import LoadedVersion
from raasid.pipeline.adapters.adapter import plan_of
from raasid.pipeline.evaluation import measure, publish, show, show_beside
from raasid.pipeline.model_refs import NamedModel, asked, rival
from raasid.pipeline.verb_configs import EvaluateConfig
from raasid.registry.registry import Registry
from raasid.training.fit import build_trainer
from raasid.training.lineage import data_facts


def evaluate(cfg: EvaluateConfig, run_dir: Path) -> float:
    """Measure a checkpoint as its own training measured it; returns the metric that decides.

    The checkpoint brings the model's configuration, how its input is made and its operating point;
    what the command line says overrules that. A model that is not trained comes from `model=` alone.
    """
    model = asked(cfg)
    other = None if cfg.against is None else rival(cfg.against, cfg.paths, model.module.task)
    seed = model.trained.get("seed", cfg.seed)
    result, data = _measured(cfg, model, cfg.data, seed, run_dir)
    beside = None
    if other is not None:
        its_own = cfg.data.model_copy(update={"size": None, "eval_scale": None})
        beside = other.name, _measured(cfg, other, its_own, seed, run_dir)[0]
    if data.trainer is None or data.trainer.is_global_zero:
        title = f"{model.module.task.capitalize()} model, {model.name}"
        facts = {"split": cfg.split, **data.facts}
        plan = plan_of(model.module)
        report = publish(result, data, run_dir, plan, title=title, facts=facts, beside=beside)
        if beside is not None:
            show_beside(model.name, result, *beside)
        checkpoint = Path(cfg.ckpt_path) if cfg.ckpt_path else None
        show(result, data, run_dir, checkpoint, report)
        if model.loaded is not None and cfg.register_:
            _add(cfg, model.loaded, data, result)
    return result.score


def _measured(
    cfg: EvaluateConfig, model: NamedModel, asked_for: Data, seed: int, run_dir: Path
) -> tuple[EvaluationResult, TaskDataModule]:
    """A model's figures on the footage that is asked for, its input made as in its training.

    seed: of what is held out where the footage has no splits of its own: the same for both models.
    """
    plan = plan_of(model.module)
    section = asked_for.model_copy(update=plan.as_trained(asked_for, model.trained.get("data", {})))
    data = plan.data(section, cfg.paths, seed, model.module)
    trainer = build_trainer(cfg.trainer, run_dir, [plan.watcher()])
    return measure(trainer, model.module, data, cfg.split, cfg.threshold), data


def _add(cfg: EvaluateConfig, loaded: LoadedVersion, data: TaskDataModule, result: EvaluationResult) -> None:
    registry, name = Registry(cfg.paths.registry), loaded.manifest.name
    reason = f"evaluate version={cfg.version}"
    facts = data_facts(data) | data.facts
    registry.add_evaluation(name, loaded.version, cfg.split, facts, defined_metrics(result), reason)
    out().print(f"added to {name} {loaded.version}", markup=False)
