"""What goes wrong in a sweep ends with one sentence and its exit status, and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from in_process import REPO, call_raasid
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from raasid.errors import Exit

LR = "optimizer.lr=choice(0.005,0.001)"
TRAINING = (
    "data=synthetic_tiny", "data.matches=6", "data.clips_per_match=2", "data.frames_per_clip=2",
    "model.channels=4", "data.samples_per_epoch=32", "data.batch_size=16", "trainer.max_epochs=1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hydra/sweeper/sampler=tpee", "no such option: 'tpee'; did you mean 'tpe'?"),
        ("hydra.sweeper.sampler._target_=optuna.samplers.TPESamplr", "did you mean 'TPESampler'?"),
        ("+hydra.sweeper.sampler.sed=1", "hydra.sweeper.sampler: TPESampler"),
        ("+hydra.sweeper.n_trails=3", "hydra.sweeper.n_trails: no such key; did you mean 'n_trials'?"),
        ("optimizer.lr=0.1", "optimizer.lr: is searched by 'optimizer.lr=choice(0.005,0.001)' and fixed by"),
        (
            "hydra.sweeper.direction=[maximize,minimize] hydra/sweeper/pruner=median",
            "several values cannot be pruned by; choose hydra/sweeper/pruner=none",
        ),
        (
            "hydra.sweeper.storage=postgresql://me:secret@localhost/studies",
            "postgresql://me:***@localhost/studies: needs the package psycopg",
        ),
        ("hydra.sweeper.storage=sqlite:///ROOT/none/a.db", "there is no folder ROOT/none"),
        (
            "hydra.sweeper.storage=ROOT/file/a.journal",
            "hydra.sweeper.storage: ROOT/file/a.journal: file exists",
        ),
        ("hydra.sweep.dir=ROOT/file/sweep", "hydra.sweep.dir: ROOT/file/sweep: not a directory"),
        (
            "hydra.sweeper.custom_search_space=nowhere.hook",
            "nowhere.hook: Error loading",
        ),
    ],
)
def test_a_sweep_that_cannot_start_says_why_and_creates_nothing(
    words: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    words = words.replace("ROOT", str(tmp_path))
    done = call_raasid("sweep", LR, *words.split(" "), f"paths.root={tmp_path}")
    assert done.returncode == Exit.USAGE
    assert said.replace("ROOT", str(tmp_path)) in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr + done.stdout
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("searched", "said"),
    [
        ("seed=1", "nothing is searched; choose hparams_search=NAME (there are: ball, "),
        (
            "optimizer.lr=interval(0.1,0.2)",
            "a grid needs single values, and an interval has none",
        ),
        ("optimizer.lr=glob(*)", "no value matches 'optimizer.lr=glob(*)'"),
        ("model.init_from=choice(null,true)", "null cannot stand in choice(…); write the values without it"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(searched: str, said: str, tmp_path: Path) -> None:
    done = call_raasid("sweep", searched, "hydra/sweeper/sampler=grid", f"paths.root={tmp_path}")
    assert done.returncode == Exit.USAGE
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_sweeper_of_another_package_is_named_and_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "hydra_plugins" / "zz_other_sweeper"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.py").write_text(
        "from hydra.core.config_store import ConfigStore\n"
        "from hydra.plugins.sweeper import Sweeper\n"
        "class OptunaSweeper(Sweeper): pass\n"
        "ConfigStore.instance().store(group='hydra/sweeper', name='optuna',\n"
        "    node={'_target_': __name__ + '.OptunaSweeper', 'params': None})\n"
    )
    command = [sys.executable, str(REPO / "sweep.py"), LR, f"paths.root={tmp_path}"]
    environment = {**os.environ, "PYTHONPATH": f"{REPO}:{tmp_path}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == Exit.USAGE
    assert "is hydra_plugins.zz_other_sweeper.plugin.OptunaSweeper here, another plugin" in done.stderr


def test_trials_that_all_fail_end_the_sweep_with_the_reason(tmp_path: Path) -> None:
    never_validated = ("trainer.max_epochs=0", "hydra.sweeper.n_trials=2", f"paths.root={tmp_path}")
    done = call_raasid("sweep", *TRAINING[:-1], LR, *never_validated)
    assert done.returncode == Exit.FAILED
    assert "trial 0: the job returned None, which is no number to optimise" in done.stderr
    (sweep,) = (tmp_path / "logs/sweep").iterdir()
    assert f"{sweep}/logs/0.log" in done.stderr
    again = call_raasid("sweep", *TRAINING[:-1], LR, *never_validated, "hydra.sweeper.max_failure_rate=1.0")
    assert again.returncode == Exit.FAILED, "nothing came out of it"
    assert "all 2 trials failed" in again.stderr
    assert "Traceback" not in done.stderr + again.stderr


APP = """
from pathlib import Path
import hydra

@hydra.main(version_base="1.3", config_path=None)
def task(cfg):
    if cfg.x == 1:
        Path(cfg.victim).write_bytes(b"garbage" * 1000)
    return float(cfg.x)

task()
"""


def test_a_database_that_fails_while_the_sweep_runs_ends_it_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    words = (
        "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "+x=range(0,3)", f"+victim={tmp_path}/s.db",
        f"hydra.sweep.dir={tmp_path}/sweep", f"hydra.sweeper.storage=sqlite:///{tmp_path}/s.db",
    )  # fmt: skip
    command = [sys.executable, str(tmp_path / "app.py"), "-m", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == Exit.FAILED
    assert f"hydra.sweeper.storage: sqlite:///{tmp_path}/s.db: " in done.stderr
    assert "once it can be used again, type the same command" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_the_command_with_its_status_and_the_same_command_goes_on(tmp_path: Path) -> None:
    words = ("hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=2", f"paths.root={tmp_path}")
    command = [sys.executable, str(REPO / "sweep.py"), *TRAINING, LR, *words]
    process = subprocess.Popen(command, stdout=-1, stderr=-1, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("logs/sweep/*/0/.hydra/config.yaml")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == Exit.INTERRUPTED, errors
    assert "the sweep was stopped; type the same again, and it goes on" in errors
    assert "Traceback" not in errors
    (sweep,) = (tmp_path / "logs/sweep").iterdir()
    storage = JournalStorage(JournalFileBackend(str(sweep / "study.journal")))
    (study,) = storage.get_all_studies()
    assert [trial.state.name for trial in storage.get_all_trials(study._study_id)] == ["WAITING"] * 2
    done = call_raasid("sweep", *TRAINING, LR, *words)
    assert done.returncode == Exit.DONE, done.stderr
    assert "2 trials complete" in done.stdout
