"""Sweeps through the commands: of an application of a few lines, and of real trainings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
import yaml
from in_process import call_raasid
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

APP = """
import os, time
import hydra

@hydra.main(version_base="1.3", config_path=None, config_name=None)
def task(cfg):
    time.sleep(float(cfg.get("sleep", 0)))
    kind = cfg.get("kind", "fine")
    if kind == "raise": raise RuntimeError("no such camera")
    if kind == "no_number": return float("nan")
    if kind == "two": return float(cfg.x), -float(cfg.x)
    return float(cfg.x) ** 2 + float(cfg.get("y", 0))

task()
"""


HOOK = """
def positive_ones_have_a_y(cfg, trial):
    if trial.params["+x"] > 0:
        trial.suggest_float("+y", 1, 1)
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(APP)
    (tmp_path / "space_hook.py").write_text(HOOK)
    return path


def command(app: Path, *words: str) -> list[str]:
    folder = f"hydra.sweep.dir={app.parent}/sweep"
    return [sys.executable, "-Werror", str(app), "-m", "hydra/sweeper=optuna", folder, *words]


def run(app: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{app.parent}:{os.environ.get('PYTHONPATH', '')}"}
    return subprocess.run(command(app, *words), capture_output=True, text=True, env=environment)


def trials(sweep_dir: Path) -> list[optuna.trial.FrozenTrial]:
    """The trials as plain Optuna reads them."""
    storage = JournalStorage(JournalFileBackend(str(sweep_dir / "study.journal")))
    (summary,) = storage.get_all_studies()
    return storage.get_all_trials(summary._study_id)


def test_a_sweep_of_any_application_finds_the_best_and_goes_on(app: Path) -> None:
    words = ("+x=range(-1,2)", "+y=choice(1,2)", "hydra/sweeper/sampler=grid")
    done = run(app, *words, "hydra.sweeper.n_trials=4")
    assert done.returncode == 0, done.stderr
    again = run(app, *words, "hydra.sweeper.n_trials=100", "hydra.sweeper.n_jobs=2")
    assert again.returncode == 0, again.stderr
    assert "4 of 6 trials have ended before" in again.stdout
    found = trials(app.parent / "sweep")
    assert len({tuple(trial.params.items()) for trial in found}) == len(found) == 6
    results = yaml.safe_load((app.parent / "sweep/optimization_results.yaml").read_text())
    page = (app.parent / "sweep/sweep.html").read_text()
    assert "The best is trial" in page
    assert page.count("data:image/svg+xml") >= 3
    assert results == {"name": "optuna", "best_params": {"+x": 0, "+y": 1}, "best_value": 1.0}


def test_a_killed_sweep_goes_on_to_exactly_the_grid(app: Path) -> None:
    words = ("+x=range(0,9)", "+y=choice(1,2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=2")
    first = subprocess.Popen(
        command(app, *words, "+sleep=0.5"), stdout=subprocess.DEVNULL, start_new_session=True
    )
    sweep = app.parent / "sweep"
    while len([path for path in sweep.glob("*") if path.name.isdigit()]) < 4:
        time.sleep(0.05)
        assert first.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_mtime_ns for path in sweep.glob("*/.hydra/config.yaml")}
    done = run(app, *words, "+sleep=0.5")
    assert done.returncode == 0, done.stderr
    found = trials(sweep)
    states = [trial.state.name for trial in found]
    assert states.count("RUNNING") == states.count("WAITING") == 0
    complete = [trial for trial in found if trial.state.name == "COMPLETE"]
    assert len({tuple(trial.params.items()) for trial in complete}) == len(complete) == 18
    assert {path: path.stat().st_mtime_ns for path in before} == before, "no directory was written again"


def test_a_failed_trial_has_its_reason_and_the_sweep_goes_on_as_far_as_allowed(app: Path) -> None:
    words = ("+x=1", "+kind=choice(fine,raise,no_number)", "hydra/sweeper/sampler=grid")
    done = run(app, *words, "hydra.sweeper.max_failure_rate=1.0")
    assert done.returncode == 0, done.stderr
    reasons = {
        trial.params["+kind"]: trial.user_attrs.get("raasid:reason") for trial in trials(app.parent / "sweep")
    }
    assert reasons == {
        "fine": None,
        "raise": "RuntimeError: no such camera",
        "no_number": "the job returned NaN, which cannot be optimised",
    }


def test_all_failing_ends_with_the_reason_and_where_the_output_is(app: Path) -> None:
    done = run(app, "+x=interval(0,1)", "+kind=raise", "hydra.sweeper.n_trials=5")
    assert done.returncode == 1
    assert "RuntimeError: no such camera" in done.stderr
    assert "logs/0.log" in done.stderr
    assert "no such camera" in (app.parent / "sweep/logs/0.log").read_text()


def test_several_values_give_a_pareto_front_and_no_pruner(app: Path) -> None:
    words = (
        "+x=range(0,3)",
        "+kind=two",
        "hydra.sweeper.direction=[minimize,minimize]",
        "hydra.sweeper.n_trials=3",
    )
    done = run(app, *words, "hydra/sweeper/sampler=grid")
    assert done.returncode == 0, done.stderr
    assert "Number of Pareto solutions: 3" in done.stdout
    refused = run(app, *words, "hydra/sweeper/pruner=median")
    assert refused.returncode != 0
    assert "several values cannot be pruned" in refused.stderr


def test_a_space_may_depend_on_what_was_sampled(app: Path) -> None:
    words = (
        "+x=choice(-1,1)",
        "hydra/sweeper/sampler=grid",
        "hydra.sweeper.custom_search_space=space_hook.positive_ones_have_a_y",
    )
    done = run(app, *words)
    assert done.returncode == 0, done.stderr
    assert sorted(map(len, (trial.params for trial in trials(app.parent / "sweep")))) == [1, 2]


def test_a_hook_that_is_not_there_is_an_error(app: Path) -> None:
    done = run(app, "+x=choice(-1,1)", "hydra.sweeper.custom_search_space=space_hook.missing")
    assert done.returncode != 0
    assert "hydra.sweeper.custom_search_space: space_hook.missing" in done.stderr


def test_ctrl_c_keeps_what_is_done_and_lets_the_rest_wait(app: Path) -> None:
    words = ("+x=range(0,6)", "hydra/sweeper/sampler=grid", "+sleep=1")
    process = subprocess.Popen(
        command(app, *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    sweep = app.parent / "sweep"
    while not (sweep / "1").is_dir():
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0, errors
    assert "Traceback" not in errors
    states = [trial.state.name for trial in trials(sweep)]
    assert states.count("RUNNING") == 0
    assert states.count("FAIL") == 0
    assert states.count("COMPLETE") >= 1


TRAINING = (
    "data=synthetic_tiny", "data.matches=6", "data.clips_per_match=2", "data.frames_per_clip=2",
    "model.channels=4", "data.samples_per_epoch=32", "data.batch_size=16", "trainer.max_epochs=3",
)  # fmt: skip


def test_trainings_are_searched_pruned_and_not_registered(tmp_path: Path) -> None:
    words = (
        "sweep", *TRAINING, "optimizer.lr=choice(0.005,1e-9)", "hydra/sweeper/sampler=grid",
        "hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.lower=1.1",
        "hydra.sweeper.direction=maximize", f"paths.root={tmp_path}",
    )  # fmt: skip
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    (sweep,) = (tmp_path / "logs/sweep").iterdir()
    found = trials(sweep)
    assert {trial.state.name for trial in found} == {"PRUNED"}
    assert all(len(trial.intermediate_values) == 1 for trial in found), "after the first validation"
    assert not (tmp_path / "registry/models").exists()

    done = call_raasid(*words[:-4], *words[-2:])
    assert done.returncode == 0, done.stderr
    best = next((tmp_path / "logs/sweep").glob("*/experiment/best.yaml"))
    folder = str(best.parents[1])
    words = ("--config-dir", folder, "--cfg", "job", "experiment=best", f"paths.root={tmp_path}")
    composed = call_raasid("train", *words)
    assert composed.returncode == 0, composed.stderr
    assert yaml.safe_load(composed.stdout)["data"]["samples_per_epoch"] == 32
