"""The command line, tested with a trivial verb."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raasid.cli import main

REPO = Path(__file__).resolve().parents[3]

SCRIPT = """
import sys
from raasid.cli import verbs as cli
cli.VERBS["train"] = cli.VERBS["train"]._replace(function="tiny:train")
cli.main() if "raasid" in sys.argv[0] else cli.app("train")
"""

VERB = """
import sys
from raasid.errors import DataError, Exit, Stopped
from raasid.training.run_record import own_run
def train(cfg, run_dir):
    print("RUN", run_dir)
    print("ARGV", sys.argv[1:])
    print("FROM", cfg.ckpt_path)
    if cfg.seed == 7: raise DataError("seven is no good")
    if cfg.seed == 8: raise ZeroDivisionError("eight")
    if cfg.seed == 9: raise KeyboardInterrupt
    if cfg.seed == 10: sys.exit(75)
    if cfg.seed == 11: raise Stopped("preempted at step 3", Exit.PREEMPTED)
    with own_run(run_dir, cfg.recorded(), None): pass
    (run_dir / "checkpoints").mkdir(exist_ok=True)
    (run_dir / "checkpoints" / "last.ckpt").touch()
    return float(cfg.seed)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    for name, text in {"train.py": SCRIPT, "raasid-cli": SCRIPT, "tiny.py": VERB}.items():
        (tmp_path / name).write_text(text)

    def run(*words: str, program: str = "train.py", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, program, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPO), **env},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def runs(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "logs" / "train").glob("*"))


def test_a_run_directory_is_named_by_time_and_config(run: Run, tmp_path: Path) -> None:
    done = run("seed=3")

    assert done.returncode == 0
    [name] = runs(tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{6}", name)
    assert f"RUN {tmp_path / 'logs' / 'train' / name}" in done.stdout
    assert (tmp_path / "logs" / "train" / name / ".hydra" / "config.yaml").is_file()


@pytest.mark.parametrize(
    ("seed", "status", "message"),
    [
        (7, 2, "error: seven is no good\n"),
        (8, 1, "ZeroDivisionError: eight\n"),
        (9, 130, "interrupted\n"),
        (10, 75, ""),
        (11, 75, "preempted at step 3\n"),
    ],
)
def test_the_exit_status_says_how_the_run_ended(run: Run, seed: int, status: int, message: str) -> None:
    done = run(f"seed={seed}")

    assert done.returncode == status
    assert done.stderr.endswith(message)
    assert ("Traceback" in done.stderr) == (seed == 8)
    assert "site-packages" not in done.stderr


def test_invalid_overrides_create_nothing(run: Run, tmp_path: Path) -> None:
    done = run("seed=x", "optimzer.lr=1")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: 2 problems in the configuration\n"
        "  seed           expected an integer ≥ 0, got 'x'\n"
        "  optimzer.lr    no such key; did you mean 'optimizer.lr'?\n"
    )
    assert not (tmp_path / "logs").exists()


def test_resuming_the_last_run_continues_in_its_directory(run: Run, tmp_path: Path) -> None:
    run("seed=3")

    done = run("ckpt_path=last", "seed=3")

    assert done.returncode == 0, done.stderr
    [name] = runs(tmp_path)
    assert f"RUN {tmp_path / 'logs' / 'train' / name}\n" in done.stdout
    assert f"FROM {tmp_path / 'logs' / 'train' / name / 'checkpoints' / 'last.ckpt'}" in done.stdout


def test_resuming_without_any_run_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    done = run("ckpt_path=last")

    assert done.returncode == 2
    assert "no run of a BallHeatmap with this configuration below 'logs/train'" in done.stderr
    assert not (tmp_path / "logs").exists()


def test_a_sweep_directory_holds_one_directory_per_job(run: Run, tmp_path: Path) -> None:
    done = run("seed=1,2", "-m", "tags=[a]")

    assert done.returncode == 0, done.stderr
    [name] = runs(tmp_path)
    assert name.endswith("_sweep")
    assert {path.name for path in (tmp_path / "logs" / "train" / name).iterdir()} == {
        "0",
        "1",
        "multirun.yaml",
    }


def test_a_failed_job_fails_the_sweep_after_the_other_jobs_ran(run: Run, tmp_path: Path) -> None:
    done = run("-m", "seed=7,1")

    assert done.returncode == 2
    assert done.stderr.endswith("error: seven is no good\n")
    assert done.stdout.count("RUN /") == 2


def test_a_process_started_by_lightning_joins_the_run(run: Run, tmp_path: Path) -> None:
    first = run("train", "seed=3", program="raasid-cli")
    [name] = runs(tmp_path)
    words = eval(first.stdout.split("ARGV ")[1].splitlines()[0])
    given = [
        f'hydra.run.dir="logs/train/{name}"',
        "hydra.job.name=train_ddp_process_1",
        "hydra.output_subdir=null",
    ]

    child = run(*words, *given, program="raasid-cli", LOCAL_RANK="1")

    assert words == ["train", "seed=3"]
    assert child.returncode == 0, child.stderr
    assert f"RUN {tmp_path / 'logs' / 'train' / name}" in child.stdout
    assert runs(tmp_path) == [name]


def test_processes_started_by_srun_share_one_run(run: Run, tmp_path: Path) -> None:
    slurm = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0"}

    ranks = [run("seed=3", SLURM_PROCID=str(rank), **slurm) for rank in (0, 1)]

    [name] = [name for name in runs(tmp_path) if name != ".starts"]
    assert [done.returncode for done in ranks] == [0, 0], ranks[1].stderr
    assert all(f"RUN {tmp_path / 'logs' / 'train' / name}\n" in done.stdout for done in ranks)


def test_without_a_verb_the_verbs_are_listed(run: Run) -> None:
    done = run(program="raasid-cli")

    assert done.returncode == 0
    assert re.search(r"^  train +\w.*$", done.stdout, re.MULTILINE)
    assert re.search(r"^  evaluate +\w.*$", done.stdout, re.MULTILINE)


def test_an_unknown_verb_is_a_usage_error(run: Run) -> None:
    done = run("trian", program="raasid-cli")

    assert done.returncode == 2
    assert done.stderr.startswith("error: no such verb: 'trian'; did you mean 'train'?")


def test_the_users_own_config_folder_is_searched(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "tiny.yaml").write_text(
        "_target_: raasid.models.ball.heatmap.BallHeatmap\nchannels: 2\n"
    )

    done = run("--config-dir", "mine", "model=tiny")

    assert done.returncode == 2
    assert "model.channels    must be at least 4, but is 2" in done.stderr


@pytest.mark.parametrize("words", [["train"], ["data", "ls"], ["train", "--cfg", "job"]])
def test_ctrl_c_ends_every_command_with_a_line_and_its_status(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also before a run has begun, as while modules are imported."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("raasid.config.launch.launch", interrupted)
    monkeypatch.setattr("raasid.cli.verbs.load_object", interrupted)
    monkeypatch.setattr("raasid.cli.verbs.show_config", interrupted)
    monkeypatch.setattr(sys, "argv", ["raasid", *words])
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as leaving:
            main()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN, "the interpreter is taken down in peace"
    finally:
        signal.signal(signal.SIGINT, before)
    assert leaving.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
