"""`raasid train`: fit, test on held-out matches, report, register."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import lightning.pytorch as pl
from lightning.fabric.utilities.rank_zero import _get_rank

from raasid.config.build import build
from raasid.datasets.datamodule import TaskDataModule
from raasid.errors import UsageError
from raasid.evaluation.result import EvaluationResult
from raasid.models.checkpoints import load_checkpoint_weights, load_matching_weights
from raasid.models.module import TaskModule
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.evaluation import SplitPredictions, predict_split, print_results, write_results
from raasid.pipeline.model_refs import record_latest_checkpoint
from raasid.pipeline.register import check_registrable, register
from raasid.pipeline.resume import check_resumable
from raasid.pipeline.verb_configs import TrainConfig
from raasid.sweeps.current_trial import belongs_to_trial, current_trial
from raasid.training.fit import FitResult, fit
from raasid.training.lineage import write_lineage
from raasid.training.metrics_csv import last_value
from raasid.training.rank_processes import ending_other_ranks
from raasid.training.run_record import OwnedRun, continues_in, own_run
from raasid.training.stop_signals import StopAtStep, StopSignals
from raasid.wandb_tracking.config import LoggerConfig
from raasid.wandb_tracking.logging import finish_run_on_exit

if TYPE_CHECKING:
    from optuna.trial import Trial

    from raasid.sweeps.trial_reports import TrialReports


def train(cfg: TrainConfig, run_dir: Path) -> float | None:
    """Train one model; with a trigger, only if it asks for it (see `raasid.pipeline.retrain`).

    Returns what `train_model` does; None where nothing was trained.
    """
    if cfg.trigger is None:
        return train_model(cfg, run_dir)
    from raasid.pipeline.retrain import train_if_asked

    return train_if_asked(cfg, run_dir)


def train_model(cfg: TrainConfig, run_dir: Path, reason: str = "") -> float | None:
    """Fit one model, evaluate it on matches that it has never seen, write the report, register it.

    reason: of the version that is registered; by default the command.
    Returns the optimised metric as validation last logged it (what a sweep maximises); None in a run
    that did not validate.
    Raises LeaseHeld if another process works on the run, ResumeRefused if the run cannot be continued with
    this configuration, and Stopped after a signal.
    """
    start = None if cfg.ckpt_path is None else Path(cfg.ckpt_path)
    if start is not None and continues_in(run_dir, start) and not start.exists():
        cfg = cfg.model_copy(
            update={"ckpt_path": None}
        )  # no process of the run has come as far as to save it
    elif start is not None:
        check_resumable(cfg, start)
    with (
        ending_other_ranks(),
        StopSignals() as signals,
        _own(run_dir, cfg, start) as run,
        finish_run_on_exit(run_dir),
    ):
        return _train(cfg, run_dir, run, signals, reason)


def _own(run_dir: Path, cfg: TrainConfig, start: Path | None) -> AbstractContextManager[OwnedRun | None]:
    """Own the run in the process of rank 0; the others belong to it."""
    if _get_rank():
        return nullcontext()
    return own_run(run_dir, cfg.recorded(), start)


def _train(
    cfg: TrainConfig, run_dir: Path, run: OwnedRun | None, signals: StopSignals, reason: str
) -> float | None:
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    model: TaskModule = build(cfg.model)
    if not model.trainable:
        raise UsageError(
            f"model: {type(model).__name__} has nothing to train; measure it with `raasid evaluate`"
        )
    signer = check_registrable(cfg)
    if cfg.model.init_from is not None:
        load_matching_weights(model, cfg.model.init_from)

    reports = _trial_reports(cfg)
    if reports is not None:  # a trial is compared by its validation; the best one is tested and registered
        logger = _of_trial(cfg.logger, current_trial())
        cfg = cfg.model_copy(update={"test": False, "register_": False, "logger": logger})
    adapter = task_adapter(model)
    data = adapter.build_datamodule(cfg.data, cfg.paths, cfg.seed, model)
    stop = StopAtStep(signals, run.check_not_lost if run is not None else None)
    callbacks = [adapter.validation_callback(), *([reports] if reports is not None else [])]
    fitted = fit(cfg, model, data, run_dir, callbacks, stop)
    if reports is not None and reports.pruned is not None:
        raise reports.pruned
    checkpoint = fitted.checkpoint
    score = fitted.trainer.callback_metrics.get(cfg.optimized_metric)
    signals.act("the test")

    predicted = result = None
    if cfg.test:
        predicted, result = test_on_held_out(fitted, data, run_dir)
    if run is not None:
        signals.doing = "the registration"
        run.check_owned()
        parents = {"init_from": cfg.model.init_from, **data.input_checkpoints}
        write_lineage(run_dir, run.record, data, checkpoint, parents)
        if checkpoint is not None and reports is None:
            record_latest_checkpoint(Path(cfg.paths.logs), model.task, checkpoint)
        version = None
        if cfg.register_ and checkpoint is not None and predicted is not None and result is not None:
            version = register(cfg, run_dir, run, predicted, result, signer, reason)
        if reports is None:  # what a trial leaves undone is done for the best (`sweep_registration`)
            run.finish(version)
    # a resumed run may have been validated by an earlier process alone
    return last_value(run_dir / "metrics.csv", cfg.optimized_metric) if score is None else float(score)


def test_on_held_out(
    fitted: FitResult, data: TaskDataModule, run_dir: Path
) -> tuple[SplitPredictions, EvaluationResult]:
    """Test the best weights of a training on matches that it has never seen; write and print the results."""
    model, checkpoint = fitted.model, fitted.checkpoint
    assert isinstance(model, TaskModule)
    if checkpoint is not None:
        load_checkpoint_weights(model, checkpoint)
    predicted = predict_split(fitted.trainer, model, data, "test")
    result = predicted.evaluate()
    if fitted.trainer.is_global_zero:
        title = f"{model.task.capitalize()} model, {run_dir.name}"
        report = write_results(result, data, run_dir, task_adapter(model), title, facts=data.input_facts)
        print_results(result, data, run_dir, checkpoint, report)
    return predicted, result


def _of_trial(loggers: LoggerConfig, trial: Trial | None) -> LoggerConfig:
    """Let W&B show the trials of a study as one group, unless the configuration names another."""
    if loggers.wandb is None or trial is None:
        return loggers
    group, name = loggers.wandb.group or trial.study.study_name, loggers.wandb.name or f"trial {trial.number}"
    wandb = loggers.wandb.model_copy(update={"group": group, "name": name})
    return loggers.model_copy(update={"wandb": wandb})


def _trial_reports(cfg: TrainConfig) -> TrialReports | None:
    """Return the callback that reports to the trial of a sweep; None in a run of its own."""
    if current_trial() is None and not belongs_to_trial():
        return None
    from raasid.sweeps.trial_reports import TrialReports

    return TrialReports(cfg.optimized_metric)
