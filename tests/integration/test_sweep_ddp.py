"""Trials on two processes: whatever ends one, both processes end, and the next trial runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import call_raasid
from optuna.trial import TrialState
from test_sweep import TRAINING, trials

CALLBACK = """
import os
from pathlib import Path

import lightning.pytorch as pl


class Notes(pl.Callback):
    def on_fit_start(self, trainer, pl_module):
        self.note(trainer, "pid", os.getpid())

    def on_train_batch_start(self, trainer, pl_module, *_):
        if trainer.is_global_zero and trainer.optimizers[0].param_groups[0]["lr"] == 0.002:
            raise RuntimeError("rank 0 has no disk")

    def on_fit_end(self, trainer, pl_module):
        self.note(trainer, "step", trainer.global_step)

    def note(self, trainer, what, value):
        Path(trainer.default_root_dir, f"{what}_{trainer.global_rank}").write_text(str(value))
"""


def noted(trial: Path, what: str) -> list[int]:
    """What each rank of a trial noted, in the order of the ranks."""
    return [int(path.read_text()) for path in sorted(trial.glob(f"{what}_*"))]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_processes_end_a_trial_together_and_the_next_one_runs(
    league: list[str], tmp_path: Path, repo: Path
) -> None:
    (tmp_path / "notes.py").write_text(CALLBACK)
    footage = [word for word in league if word.startswith("paths.data=")]
    words = [
        "data=synthetic_tiny", *footage, "model.channels=4",
        "data.samples_per_epoch=32", "data.batch_size=16",
        "trainer.max_epochs=2", "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2",
        "+callbacks.notes={_target_: notes.Notes}", "optimized_metric=val/loss", "scheduler=constant",
        "optimizer.lr=choice(100,0.002,0.0001)", "hydra/sweeper/sampler=grid",
        "hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.upper=50", "hydra.sweeper.direction=minimize",
        "hydra.sweeper.max_failure_rate=1", f"paths.root={tmp_path}", "register=false", "test=false",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "sweep.py", *words]
    done = subprocess.run(command, cwd=repo, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (sweep,) = (tmp_path / "logs/sweep").iterdir()
    pruned, failed, complete = trials(sweep)
    assert pruned.state is TrialState.PRUNED
    assert list(pruned.intermediate_values) == [1], "one epoch"
    assert noted(sweep / "0", "step") == [2, 2]
    assert failed.user_attrs["raasid:reason"] == "RuntimeError: rank 0 has no disk"
    assert complete.state is TrialState.COMPLETE
    assert list(complete.intermediate_values) == [1, 2]
    assert noted(sweep / "2", "step") == [4, 4]
    pids = [noted(sweep / str(number), "pid") for number in range(3)]
    assert [len(set(each)) for each in pids] == [2, 2, 2]
    assert len({each[0] for each in pids}) == 1, "one worker, which survived them all"
    assert not [pid for each in pids for pid in each if is_alive(pid)]
    assert {path.name for path in (tmp_path / "logs").iterdir()} <= {"sweep", "newest"}


@pytest.mark.parametrize(
    ("words", "environment", "reason"),
    [
        (["trainer=ddp_nodes", "trainer.num_nodes=2"], {}, "trainer.num_nodes=2: a sweep trains each trial"),
        (["trainer=ddp", "trainer.strategy=ddp_fork"], {}, "use trainer.strategy=ddp in a sweep"),
        ([], {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}, "srun or torchrun started several"),
    ],
)
def test_processes_that_a_worker_cannot_start_itself_are_refused(
    words: list[str], environment: dict[str, str], reason: str, tmp_path: Path
) -> None:
    searched = ["optimizer.lr=choice(0.1,0.2)", f"paths.root={tmp_path}"]
    done = call_raasid("sweep", *TRAINING, *searched, *words, env=environment)
    assert done.returncode == 2
    assert reason in done.stderr
    assert not list(tmp_path.glob("logs/sweep/*/study.journal"))
