"""Raw Optuna on a journal: the trials of `sweep_app.py` without Hydra.

Arguments: path of the journal, sampler, number of trials.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def objective(trial: optuna.Trial) -> float:
    """Note the time as `sweep_app.task` does."""
    x = trial.suggest_float("x", -5, 5)
    start, used = time.time(), time.process_time()
    with Path(os.environ["SWEEP_TIMES"]).open("a") as file:
        file.write(f"{trial.number} {start} {time.time()} {used}\n")
    return x**2


journal, name, n_trials = sys.argv[1:]
optuna.logging.set_verbosity(optuna.logging.WARNING)
samplers = {"random": optuna.samplers.RandomSampler, "tpe": optuna.samplers.TPESampler}
study = optuna.create_study(
    storage=JournalStorage(JournalFileBackend(journal)), sampler=samplers[name](seed=1)
)
study.optimize(objective, n_trials=int(n_trials))
