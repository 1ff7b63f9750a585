"""`hydra/sweeper=optuna` does what users of Hydra's own Optuna plugin 1.4 rely on, in any Hydra application.

The application is a few lines, and runs with `-Werror`: none of our defaults may warn.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

ALIAS = Path(__file__).resolve().parents[1] / "support" / "official_sweeper_alias"
CONFIG = """
defaults:
  - override hydra/sweeper: optuna
hydra:
  sweeper:
    study_name: from_file
    storage: null
    n_trials: 20
    n_jobs: 1
    params:
      x: range(-5.5,5.5,step=0.5)
      y: choice(-5,0,5)
x: 1
y: 1
z: 1
error: false
two: false
"""
APP = """
import hydra

@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def sphere(cfg):
    if cfg.error: raise RuntimeError("cfg.error is True")
    if cfg.two: return 4 * cfg.x**2 + 4 * cfg.y**2, (cfg.x - 5) ** 2 + (cfg.y - 5) ** 2
    return cfg.x**2 + cfg.y**2 + cfg.get("w", 0)

def configure(cfg, trial):
    trial.suggest_float("z", trial.params["x"] - cfg.z, trial.params["x"] + cfg.z)
    trial.suggest_float("+w", 0.0, 1.0)

if __name__ == "__main__":
    sphere()
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(CONFIG)
    path = tmp_path / "sphere.py"
    path.write_text(APP)
    return path


def run(app: Path, *words: str, path: str = "", sweep: str = "sweep") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-Werror", str(app), "-m", f"hydra.sweep.dir={app.parent / sweep}", *words]
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def succeed(app: Path, *words: str, **options: str) -> str:
    done = run(app, *words, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def results(app: Path, sweep: str = "sweep") -> Any:
    return yaml.safe_load((app.parent / sweep / "optimization_results.yaml").read_text())


TPE = ("hydra/sweeper/sampler=tpe", "hydra.sweeper.sampler.seed=123")
RANDOM = ("hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=123")


def test_a_study_in_sqlite_is_read_by_optuna_and_the_search_is_good(app: Path) -> None:
    storage = f"sqlite:///{app.parent}/test.db"
    said = succeed(app, f"hydra.sweeper.storage={storage}", "hydra.sweeper.study_name=typed", *TPE, "~z")
    study = optuna.load_study(storage=storage, study_name="typed")
    assert len(study.trials) == 20
    assert results(app) == {
        "name": "optuna",
        "best_params": study.best_params,
        "best_value": study.best_value,
    }
    assert study.best_value <= 2.27
    for line in ("Study name: typed", "Storage: ", "Sampler: TPESampler", "Directions: ['minimize']"):
        assert line in said
    assert f"Best parameters: {study.best_params}" in said
    assert f"Best value: {study.best_value}" in said


def test_the_command_line_wins_over_the_file_and_a_fixed_key_is_not_searched(app: Path) -> None:
    said = succeed(app, "x=choice(0,1,2)", "y=0", "hydra.sweeper.n_trials=4", *TPE)
    assert "Study name: from_file" in said
    best = results(app)["best_params"]
    assert list(best) == ["x"]
    assert best["x"] in (0, 1, 2)
    recorded = [path.read_text() for path in (app.parent / "sweep").glob("*/.hydra/overrides.yaml")]
    assert len(recorded) == 4
    assert all("- y=0\n" in text for text in recorded)


def test_a_grid_ends_with_its_cells_and_a_fixed_study_starts_afresh_in_a_new_directory(app: Path) -> None:
    words = (
        "hydra/sweeper/sampler=grid",
        "hydra.sweeper.sampler.seed=123",
        "x=choice(-1,1)",
        "y=range(-1.0,1.0)",
    )
    assert "Sampler: GridSampler" in succeed(app, *words)
    assert results(app)["best_params"]["y"] == 0.0, "the end of a range is excluded"
    assert len([path for path in (app.parent / "sweep").iterdir() if path.name.isdigit()]) == 4
    said = succeed(app, *words, "hydra.sweeper.n_trials=1", sweep="again")
    assert "1 trials complete" in said
    assert "ended before" not in said


def test_several_objectives_give_the_pareto_front(app: Path) -> None:
    nsgaiii = ("hydra/sweeper/sampler=nsgaiii", "hydra.sweeper.sampler.seed=123")
    said = succeed(app, *nsgaiii, "two=true", "hydra.sweeper.direction=[minimize,minimize]", "x=range(0,5)")
    solutions = results(app)["solutions"]
    assert f"Number of Pareto solutions: {len(solutions)}" in said
    values = [tuple(each["values"]) for each in solutions]
    assert not any(a != b and a[0] <= b[0] and a[1] <= b[1] for a in values for b in values)
    assert all(set(each["params"]) == {"x", "y"} for each in solutions)


def test_a_hook_sees_what_was_sampled_and_may_add_keys(app: Path) -> None:
    hook = ("hydra.sweeper.custom_search_space=sphere.configure", "z=0.3", "hydra.sweeper.n_trials=5")
    succeed(app, *hook[:1], "hydra.sweeper.n_trials=5", *RANDOM)
    best = results(app)["best_params"]
    assert abs(best["x"] - best["z"]) <= 1
    assert 0 <= best["+w"] <= 1
    refused = run(app, *hook, *RANDOM, sweep="fixed")
    assert refused.returncode != 0
    assert "overlapping fixed and searched keys: z was sampled" in refused.stderr
    assert "and z is fixed to 0.3" in refused.stderr


def test_a_run_without_its_sampled_value_fails_and_names_both(app: Path) -> None:
    app.write_text(APP + "\n\ndef twice(cfg, trial):\n    trial.suggest_int('++x', 7, 7)\n")
    hook = ("hydra.sweeper.custom_search_space=sphere.twice", "x=choice(1,2)", "hydra.sweeper.n_trials=1")
    failed = run(app, *hook)
    assert failed.returncode == 1
    assert "was sampled, but the run has 7, which something else has set" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(("rate", "shown"), [(0.5, True), (1.0, False)])
def test_the_first_failure_is_shown_above_the_rate(app: Path, rate: float, shown: bool) -> None:
    words = (f"hydra.sweeper.max_failure_rate={rate}", "hydra.sweeper.n_jobs=2", "error=true")
    failed = run(app, *words, *RANDOM)
    assert failed.returncode == 1
    assert ("RuntimeError: cfg.error is True" in failed.stderr) is shown
    assert "RuntimeError: cfg.error is True" in failed.stdout, "as a line of the log"
    assert "Traceback" not in failed.stderr


def test_a_removed_sampler_says_what_to_use(app: Path) -> None:
    failed = run(app, "hydra/sweeper/sampler=motpe")
    assert failed.returncode == 1
    assert "The 'motpe' sampler was removed in Optuna 4.0" in failed.stderr
    assert "hydra/sweeper/sampler=tpe" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (app.parent / "sweep").exists(), "nothing was created"


def test_an_empty_space_runs_as_often_as_asked(app: Path) -> None:
    said = succeed(app, "x=1", "y=1", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=3")
    assert "3 trials complete" in said
    assert results(app)["best_params"] == {}


def test_values_reach_the_run_as_they_were_written(app: Path) -> None:
    (app.parent / "conf" / "config.yaml").write_text(
        CONFIG.replace("y: choice(-5,0,5)", "z: choice(null,true,'c,d',[1,2],'1')")
    )
    app.write_text(APP.replace("    if cfg.two", "    print('z is', repr(cfg.z))\n    if cfg.two"))
    succeed(app, "hydra/sweeper/sampler=grid", "x=0")
    printed = [path.read_text() for path in (app.parent / "sweep" / "logs").iterdir()]
    found = {line for text in printed for line in text.splitlines() if line.startswith("z is")}
    assert found == {"z is None", "z is True", "z is 'c,d'", "z is [1, 2]", "z is '1'"}


def test_the_modules_of_the_official_plugin_have_an_alias_for_its_tests(app: Path) -> None:
    """The alias registers nothing: it is not the sweeper of another package."""
    names = ("_impl", "config", "optuna_sweeper")
    imports = "; ".join(f"import hydra_plugins.hydra_optuna_sweeper.{name} as {name}" for name in names)
    check = "assert optuna_sweeper.OptunaSweeper and config.TPESamplerConfig().group is False"
    environment = {**os.environ, "PYTHONPATH": str(ALIAS)}
    subprocess.run([sys.executable, "-Werror", "-c", f"{imports}; {check}"], check=True, env=environment)
    said = succeed(app, "x=1", "y=1", "hydra.sweeper.n_trials=1", path=str(ALIAS))
    assert "hydra-optuna-sweeper is installed too, and does not run" in said
