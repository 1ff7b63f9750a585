"""The best trial of a study, tested on the held-out matches and registered: of all trials it alone is.

A trial leaves its run unfinished. What is left to do here is done once, whatever kills it and however many
machines end the sweep at the same time: the run has one owner, and one version (`training.run_record`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from raasid.config.build import build
from raasid.console.terminal import out
from raasid.datasets.datamodule import TaskDataModule
from raasid.io.atomic import write_atomic
from raasid.io.lease import LeaseHeld
from raasid.models.module import TaskModule
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.model_refs import record_latest_checkpoint
from raasid.pipeline.register import check_registrable, register
from raasid.pipeline.resume import check_resumable
from raasid.pipeline.train import test_on_held_out
from raasid.pipeline.verb_configs import TrainConfig
from raasid.sweeps.best_trial import BestTrial
from raasid.training.config import TrainerConfig
from raasid.training.fit import DataChanged, FitResult, build_trainer
from raasid.training.lineage import data_facts
from raasid.training.run_record import RunFinished, own_run, read_run
from raasid.training.stop_signals import StopSignals


def finish_best_trial(cfg: TrainConfig, run_dir: Path, best: BestTrial) -> None:
    """Register the best trial of a sweep that has ended, or say why it is not registered.

    cfg: of the trial, as its command line gives it. Raises what `register_trial` does.
    """
    why_not = _why_not(cfg, run_dir)
    if why_not is None:
        try:
            register_trial(cfg, run_dir, best.to_lineage(cfg.optimized_metric), best.describe())
        except (LeaseHeld, RunFinished):
            why_not = "another process registers it"
    if why_not is not None:
        out().print(f"trial {best.number} of {best.study}, the best: {why_not}", markup=False)


def _why_not(cfg: TrainConfig, run_dir: Path) -> str | None:
    record = read_run(run_dir)
    if record is not None and record.finished is not None:
        return f"was registered before, as {record.version}"
    for name, wanted in (("register", cfg.register_), ("test", cfg.test)):
        if not wanted:
            return f"is not registered, because of {name}=false; with {name}=true the same sweep registers it"
    checkpoint = best_checkpoint(run_dir)
    return None if checkpoint.is_file() else f"is not registered, because there is no {checkpoint}"


def best_checkpoint(run_dir: Path) -> Path:
    """Return the path of the weights that a trial is judged by."""
    return run_dir / "checkpoints" / "best.ckpt"


def register_trial(cfg: TrainConfig, run_dir: Path, study: Mapping[str, Any], reason: str) -> str:
    """Test a trial that is complete, on one device, and register it as the challenger; return NAME VERSION.

    study: for the lineage of the version. reason: for the version and its alias.
    Raises LeaseHeld while another process works on the run, RunFinished if it is registered, ResumeRefused
    if it was trained with another configuration, DataChanged, and what `register` raises.
    """
    checkpoint = best_checkpoint(run_dir)
    check_resumable(cfg, checkpoint)
    with StopSignals() as signals, own_run(run_dir, cfg.recorded(), checkpoint) as run:
        pl.seed_everything(cfg.seed, workers=True, verbose=False)
        model: TaskModule = build(cfg.model)
        signer, adapter = check_registrable(cfg), task_adapter(model)
        data = adapter.build_datamodule(cfg.data, cfg.paths, cfg.seed, model)
        data.prepare_data()
        lineage = _lineage_on_same_data(run_dir, data)
        trainer = build_trainer(_on_one_device(cfg.trainer), run_dir, [adapter.validation_callback()])
        signals.act("the test")
        predicted, result = test_on_held_out(FitResult(trainer, model, checkpoint), data, run_dir)
        signals.doing = "the registration"
        run.check_owned()
        text = json.dumps(lineage | {"study": dict(study)}, indent=1, sort_keys=True)
        write_atomic(run_dir / "lineage.json", text + "\n")
        record_latest_checkpoint(Path(cfg.paths.logs), model.task, checkpoint)
        version = register(cfg, run_dir, run, predicted, result, signer, reason)
        run.finish(version)
    return version


def _on_one_device(trainer: TrainerConfig) -> TrainerConfig:
    """Return the section for this machine, which need not have what the trials were trained on."""
    accelerator = "cpu" if trainer.accelerator == "cpu" else "auto"
    here = {"accelerator": accelerator, "devices": 1, "num_nodes": 1, "strategy": "auto"}
    return trainer.model_copy(update=here)


def _lineage_on_same_data(run_dir: Path, data: TaskDataModule) -> dict[str, Any]:
    """Return what the trial recorded at its end. Raises DataChanged if the data are others now."""
    lineage: dict[str, Any] = json.loads((run_dir / "lineage.json").read_text(encoding="utf-8"))
    digests = ("labels_sha256", "media_sha256")
    before, now = (
        {key: facts[key] for key in digests if key in facts} for facts in (lineage["data"], data_facts(data))
    )
    if before != now:
        raise DataChanged(before, now)
    return lineage
