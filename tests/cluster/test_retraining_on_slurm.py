"""`raasid retrain hydra/launcher=slurm` on a real Slurm: the training is a job, and there is one of it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ball_season import (
    CHECK,
    GATE,
    PERFORMANCE,
    RETRAIN,
    TRAIN,
    TRAIN_IF_ASKED,
    assert_retrained_once,
    at,
    champion,
    journal_steps,
    make_ball_season,
    versions,
)
from in_process import call_raasid
from loopback_slurm import Slurm

from raasid.cluster.job_record import JobRecord, read_jobs
from raasid.cluster.launcher import wait
from raasid.errors import Exit
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

REPO = Path(__file__).resolve().parents[2]
SMALL = ("hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=1.5")
ON_SLURM = ("hydra/launcher=slurm", *SMALL)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("season")
    make_ball_season(root)
    return root


@pytest.fixture
def root(season: Path, tmp_path: Path, slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a poor champion; commands of this process use the cluster."""
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, slurm.environ[name])
    return Path(shutil.copytree(season, tmp_path / "root"))


def start(*words: str) -> subprocess.Popen[str]:
    """Start a command in a process that can be killed."""
    command = [sys.executable, "-u", "-m", "raasid", *words]
    return subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True)


def read_until(text: str, process: subprocess.Popen[str]) -> str:
    """Return the line with a text as soon as a process has printed it."""
    assert process.stdout is not None
    return next(line for line in process.stdout if text in line)


def only_job(root: Path) -> JobRecord:
    (record,) = read_jobs(root / "logs")
    return record


def test_a_retraining_whose_callers_are_killed_trains_once_as_a_job_and_as_its_own_process_would(
    root: Path, season: Path, tmp_path: Path
) -> None:
    go, old = tmp_path / "go", champion(root)
    held = f"hydra.launcher.setup=['until [ -e {go} ]; do sleep 0.2; done']"
    words = (*RETRAIN, *ON_SLURM, held, *at(root, season))
    first = start(*words)
    submitted = read_until("the training is job", first).split()[4].rstrip(";")
    first.kill()
    first.wait()

    second = start(*words)
    assert f"job {submitted} of an earlier call trains" in read_until("waiting for it", second)
    second.send_signal(signal.SIGTERM)
    assert second.wait() == Exit.PREEMPTED

    go.touch()
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert only_job(root).id == submitted
    assert_retrained_once(root, old)
    assert "job" in journal_steps(root)
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert 0 < past.gpu_hours < 0.1

    alone = Path(shutil.copytree(season, tmp_path / "alone"))
    done = call_raasid(*RETRAIN, *at(alone, season))
    assert done.returncode == 0, done.stderr
    made = [Registry(each / "registry") for each in (root, alone)]
    as_job, as_process = (
        each.versions("ball_model").manifest(each.resolve("ball_model", "champion")) for each in made
    )
    assert as_job.files["model.safetensors"] == as_process.files["model.safetensors"]
    assert as_job.reason == as_process.reason


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("""echo '{"error": "error: what went wrong"}' >$RAASID_RESULT; exit 7""", "FAILED (exit status 7)"),
        ("echo what went wrong; scancel $SLURM_JOB_ID; sleep 60", "CANCELLED"),
    ],
    ids=["failed", "cancelled"],
)
def test_a_job_that_does_not_end_well_ends_the_retraining_and_the_next_call_submits_another(
    program: str, told: str, root: Path, season: Path
) -> None:
    stand_in = root / "program.sh"
    stand_in.write_text(f"#!/bin/bash\n{program}\n")
    stand_in.chmod(0o755)
    words = (*RETRAIN, *ON_SLURM, f"hydra.launcher.python='{stand_in}'", *at(root, season))
    for attempt in (1, 2):
        done = call_raasid(*words)
        assert done.returncode == 1, done.stderr
        jobs = read_jobs(root / "logs")
        assert len(jobs) == attempt
        assert f"error: job {jobs[-1].id} of " in done.stderr
        assert told in done.stderr
        assert "what went wrong" in done.stderr
    assert versions(root) == 1
    assert not ClaimStore(root / "retrainings").history("ball_model")
    (journal,) = root.glob("retrainings/*/runs/*/journal.jsonl")
    last = json.loads(journal.read_text().splitlines()[-1])
    assert (last["step"], told.split(maxsplit=1)[0] in last["what"]) == ("job", True)


@pytest.mark.soak(only=True)
def test_a_training_that_asks_its_trigger_first_is_a_job_too_also_without_a_cluster(
    season: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(season, tmp_path / "root"))
    asks = (*TRAIN_IF_ASKED, "trigger=performance", *PERFORMANCE[1:], "hydra/launcher=slurm_local")
    scratch = f"paths.scratch='{tmp_path}/${{oc.env:RAASID_RESULT,caller}}'"  # of a job alone
    old = champion(root)
    done = call_raasid(*asks, scratch, *at(root, season))
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)
    record = only_job(root)
    assert f"the training is job {record.name}" in done.stdout
    (run_dir,) = record.run_dirs
    assert run_dir.parent == root / "logs" / "train"
    trained = json.loads((run_dir / "run.json").read_text())["config"]
    assert trained["paths"]["scratch"].endswith(".result"), "the job's own scratch folder"
    assert trained["trigger"] is None


def test_what_cannot_be_a_job_is_refused_before_anything_is_checked(root: Path, season: Path) -> None:
    tuned = call_raasid(*RETRAIN, *ON_SLURM, "retrain.sweep=guide_grid", *at(root, season))
    assert (tuned.returncode, "raasid submit retrain retrain.sweep=" in tuned.stderr) == (2, True)
    wrong = call_raasid(*RETRAIN, *ON_SLURM, "hydra.launcher.nodes=0", *at(root, season))
    assert (wrong.returncode, "hydra.launcher.nodes" in wrong.stderr) == (2, True)
    assert not (root / "decisions").exists()


def test_the_line_for_cron_submits_a_retraining_whose_refusal_is_not_told_as_a_crash(
    root: Path, season: Path
) -> None:
    """The gate refuses because of false positives, of which the poor champion has none."""
    (root / "a b").mkdir()
    options = (*SMALL, *CHECK, *GATE, TRAIN, *at(root, season))
    words = [sys.executable, "-m", "raasid", "schedule", "crontab", "--submit", "--options", *options]
    printed = subprocess.run(words, cwd=root / "a b", stdout=subprocess.PIPE, text=True, check=True)
    command = printed.stdout.splitlines()[-1].removeprefix("0 3 * * * ").replace(r"\%", "%")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(root)}
    subprocess.run(["/bin/sh", "-c", command], cwd="/", env=environ, check=True)

    record = only_job(root)
    log = (root / "a b" / "logs" / "retrain.log").read_text()
    assert log.split()[0] == record.id
    (task,) = wait(record)
    assert (task.state, task.reason) == ("FAILED", "gate refused (exit status 3)")
    listed = call_raasid("jobs", "--root", root).stdout
    assert "gate refused" in listed
    assert not ClaimStore(root / "retrainings").history("ball_model")[0].promoted
