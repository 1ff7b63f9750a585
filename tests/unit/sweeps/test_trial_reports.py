"""What a training reports to its trial, at which step, and how it ends when the pruner gives it up."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import optuna
import pytest
from lightning.pytorch.demos.boring_classes import BoringModel

from raasid.sweeps.current_trial import (
    TrialLost,
    TrialPruned,
    belongs_to_trial,
    enter_trial,
    leave_trial,
    report,
)
from raasid.sweeps.trial_reports import TrialReports


class Validated(BoringModel):
    """Logs the number of the validation."""

    validations = 0

    def on_validation_epoch_end(self) -> None:
        self.validations += 1
        self.log("score", float(self.validations))


@pytest.fixture
def trial() -> Iterator[optuna.Trial]:
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=3.5))
    trial = study.ask()
    enter_trial(trial)
    yield trial
    leave_trial()


def fit(folder: Path, reports: TrialReports, ckpt_path: Path | None = None, **options: Any) -> pl.Trainer:
    trainer = pl.Trainer(
        accelerator="cpu", callbacks=[reports], logger=False, enable_checkpointing=False, max_epochs=6,
        limit_train_batches=4, limit_val_batches=1, enable_progress_bar=False, enable_model_summary=False,
        default_root_dir=folder, num_sanity_val_steps=1, **options,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(Validated(), ckpt_path=ckpt_path)
    return trainer


def reported(trial: optuna.Trial) -> dict[int, float]:
    return trial.study.trials[trial.number].intermediate_values


def test_a_step_is_an_epoch_whatever_the_batch_size(trial: optuna.Trial, tmp_path: Path) -> None:
    trainer = fit(tmp_path, TrialReports("score"), check_val_every_n_epoch=2)
    assert list(reported(trial)) == [2, 4, 6]
    assert trainer.global_step == 24


def test_a_training_that_validates_within_an_epoch_counts_optimiser_steps(
    trial: optuna.Trial, tmp_path: Path
) -> None:
    fit(tmp_path, TrialReports("score"), val_check_interval=2)
    assert list(reported(trial)) == [2, 4, 6]


def test_a_pruned_training_ends_after_its_validation_with_what_to_raise(
    trial: optuna.Trial, tmp_path: Path
) -> None:
    reports = TrialReports("score")
    trainer = fit(tmp_path, reports)
    assert trainer.current_epoch == 3
    assert str(reports.pruned) == "trial 0 was pruned at step 3, with 4", "the sanity check was the first"


def test_a_training_that_goes_on_goes_on_counting(trial: optuna.Trial, tmp_path: Path) -> None:
    trial.study.pruner = optuna.pruners.NopPruner()
    trainer = fit(tmp_path, TrialReports("score"), max_steps=12)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    assert list(reported(trial)) == [1, 2, 3]
    fit(tmp_path, TrialReports("score"), tmp_path / "last.ckpt")
    assert list(reported(trial)) == [1, 2, 3, 4, 5, 6]


def test_a_metric_that_is_not_logged_is_not_reported(trial: optuna.Trial, tmp_path: Path) -> None:
    assert fit(tmp_path, TrialReports("no_score")).current_epoch == 6
    assert reported(trial) == {}


def test_a_step_counts_once_and_without_a_warning(trial: optuna.Trial) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report(1.0, 3)
        report(2.0, 3)
    assert reported(trial) == {3: 1.0}
    with pytest.raises(TrialPruned, match="pruned at step 4, with 9"):
        report(9.0, 4)


def test_a_trial_that_another_process_has_failed_says_so(trial: optuna.Trial) -> None:
    trial.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    with pytest.raises(TrialLost, match="counts as failed"):
        report(1.0, 1)


def test_nothing_is_reported_of_several_values_or_outside_a_sweep() -> None:
    report(1.0, 1)
    several = optuna.create_study(directions=["minimize", "maximize"])
    enter_trial(several.ask())
    try:
        report(1.0, 1)
    finally:
        leave_trial()
    assert several.trials[0].intermediate_values == {}


def test_only_other_ranks_of_a_running_trial_belong_to_it(
    trial: optuna.Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not belongs_to_trial(), "rank 0 has the trial"
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert belongs_to_trial()
    leave_trial()
    assert not belongs_to_trial()
