"""The batch script, word for word, and run by bash."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from raasid.cluster.job_record import read_notes
from raasid.cluster.job_script import CONFIG_DIR, Task, job_script
from raasid.cluster.options import SlurmOptions

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "cluster" / "array.sbatch"
TASKS = (
    Task(("train", "seed=1", "tags=['a b',\"c\"]"), Path("/runs/0"), continues=True),
    Task(("train", "--config-dir", CONFIG_DIR, "seed=2"), Path("/runs/it's 1"), continues=True),
)
OPTIONS = SlurmOptions(
    time="2:00:00",
    partition="gpu",
    nodes=2,
    tasks_per_node=4,
    gpus_per_node=4,
    mem_gb=64,
    max_gpus=8,
    setup=("module load python",),
    teardown=("rm -rf \"$TMPDIR/scratch\"",),
    additional_parameters={"nice": 100},
)  # fmt: skip


def test_the_script_of_an_array_is_this_text() -> None:
    script = job_script(Path("/jobs/a job"), "train", TASKS, OPTIONS, Path("/work"), "/venv/bin/python")
    assert script == GOLDEN.read_text(encoding="utf-8")


def run(folder: Path, program: str, options: SlurmOptions, *tasks: Task) -> subprocess.CompletedProcess[str]:
    """Run a script without Slurm; the program takes the place of Python."""
    (folder / "state").mkdir(parents=True)
    python = folder / "python"
    python.write_text(f"#!/bin/bash\n{program}\n")
    python.chmod(0o755)
    file = folder / "job.sbatch"
    file.write_text(job_script(folder, "train", tasks, options, folder, str(python)))
    return subprocess.run(["bash", str(file)], capture_output=True, text=True)


@pytest.mark.parametrize("code", [0, 1, 3, 75])
def test_the_exit_status_is_that_of_the_command_whatever_the_teardown_says(code: int, tmp_path: Path) -> None:
    options = SlurmOptions(use_srun=False, teardown=("false",))
    done = run(tmp_path / "a job", f"exit {code}", options, Task(("train",), tmp_path))
    assert done.returncode == code
    notes = read_notes(tmp_path / "a job", 0)
    assert (notes.code, notes.requeued) == (code, False)


def test_a_setup_line_that_fails_is_the_failure_of_the_job(tmp_path: Path) -> None:
    options = SlurmOptions(use_srun=False, setup=("true", "ls /no/such/module", "touch after"))
    done = run(tmp_path / "job", "touch started", options, Task(("train",), tmp_path))
    assert done.returncode == 2
    assert read_notes(tmp_path / "job", 0).code == 2
    assert not (tmp_path / "job" / "started").exists()
    assert not (tmp_path / "job" / "after").exists()


def test_the_words_of_a_task_arrive_as_they_are(tmp_path: Path) -> None:
    words = ("train", "a=$HOME `x` \"y\" 'z'", "b=[1, 2]", "c=é\\n")
    done = run(
        tmp_path / "it's a job",
        'printf "%s\\n" "$@"',
        SlurmOptions(use_srun=False),
        Task(words, tmp_path / "run", continues=True),
    )
    assert done.stdout.splitlines() == ["-m", "raasid", *words]


def test_a_run_with_a_checkpoint_goes_on_from_it(tmp_path: Path) -> None:
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    last.parent.mkdir(parents=True)
    last.touch()
    task = Task(("train", "seed=1"), tmp_path / "run", continues=True)
    done = run(tmp_path / "job", 'printf "%s\\n" "$@"', SlurmOptions(use_srun=False), task)
    assert done.stdout.splitlines()[-1] == f"ckpt_path='{last}'"


@pytest.mark.parametrize("number", ["USR1", "USR2", "TERM"])
def test_a_signal_before_the_program_can_handle_it_counts_as_a_preemption(
    number: str, tmp_path: Path
) -> None:
    done = run(
        tmp_path / "job", f"kill -{number} $$", SlurmOptions(use_srun=False), Task(("train",), tmp_path)
    )
    assert done.returncode == 75
