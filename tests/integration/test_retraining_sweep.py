"""A retraining whose hyperparameters are tuned first: one study, its best trial judged, one version."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import optuna
import pytest
from ball_season import CHECK, FREE, GATE, LEAGUE, NET, assert_retrained_once, at, champion, journal_steps
from in_process import call_raasid
from killed_command import killed_before
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

FIXED = ("trainer.max_epochs=16", "optimizer=adam", "data.batch_size=4")
TRAIN = "retrain.train={ball_model: [" + ", ".join(f"'{word}'" for word in (*LEAGUE, *NET, *FIXED)) + "]}"
TUNE = ("retrain", *CHECK, *GATE, *FREE, TRAIN, "retrain.sweep=guide_grid")
"""Three trials: of the grid, only the learning rates are left."""


@pytest.fixture
def root(ball_season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ball_season, tmp_path / "root"))


def trials(root: Path) -> list[optuna.trial.FrozenTrial]:
    """The trials of the only study of the only retraining."""
    (journal,) = root.glob("retrainings/ball_model/runs/*/sweep/*/study.journal")
    (study,) = (storage := JournalStorage(JournalFileBackend(str(journal)))).get_all_studies()
    return storage.get_all_trials(study._study_id)


def test_a_tuning_that_is_killed_goes_on_with_its_study_and_gives_one_version(
    root: Path, ball_season: Path
) -> None:
    words, old = (*TUNE, *at(root, ball_season)), champion(root)
    within = f"{root}/retrainings/*/sweep/*/1/checkpoints/last.ckpt"
    assert killed_before(within, 1, *words), "killed while the second trial trains"
    assert killed_before(f"{root}/registry/models/*/versions/*/manifest.json", 1, *words), "and once more"

    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert_retrained_once(root, old)
    found = trials(root)
    assert sorted(trial.state.name for trial in found) == ["COMPLETE"] * 3 + ["FAIL"]
    complete = [trial for trial in found if trial.state.name == "COMPLETE"]
    assert {trial.params["optimizer.lr"] for trial in complete} == {1e-3, 1e-4, 1e-5}
    steps = [step for step in journal_steps(root) if step != "begin"]
    assert steps == ["sweep", "train", "train", "registered", "gate", "champion", "end"]

    registry = Registry(root / "registry")
    manifest = registry.versions("ball_model").manifest(registry.resolve("ball_model", "champion"))
    study = manifest.lineage["study"]
    best = max(complete, key=lambda trial: trial.value or 0.0)
    assert (study["trial"], study["value"], study["trials"]) == (best.number, best.value, 3)
    assert study["name"] in manifest.reason
    assert manifest.config["optimizer"]["lr"] == best.params["optimizer.lr"]
    started = [name for name, file in manifest.lineage["inputs"].items() if "champion" in file["path"]]
    assert started == ["init_from"], "trials begin with the champion's weights"
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert 0 < past.gpu_hours < 0.5


def test_no_trial_begins_after_the_budget_is_used_up(root: Path, ball_season: Path) -> None:
    short = [word.replace("max_epochs=16", "max_epochs=2") for word in TUNE]
    done = call_raasid(*short, *at(root, ball_season), "retrain.limits.max_gpu_hours=1e-6")
    assert done.returncode in (0, 3), done.stderr
    used_up = "the hours that were left of retrain.limits.max_gpu_hours are used up"
    assert f"1 of 3 trials ended: {used_up}" in done.stdout
    assert sorted(trial.state.name for trial in trials(root)) == ["COMPLETE", "WAITING", "WAITING"]
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert past.version is not None
    (journal,) = root.glob("retrainings/ball_model/runs/*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    (what,) = [line["what"] for line in lines if line["step"] == "sweep"]
    assert "the best of the 1 of study guide_grid-" in what


@pytest.mark.parametrize(
    ("preset", "words", "message"),
    [
        ("pose", ("models=[ball_model]",), "the preset 'pose' is for the pose_model, and ball_model is"),
        ("ball", (), "the preset 'ball' is for the ball_model, and"),
        ("guide_gird", (), "no such preset: 'guide_gird'; did you mean 'guide_grid'?"),
        ("{ball_modle: ball}", (), "no such model: 'ball_modle'; did you mean 'ball_model'?"),
    ],
)
def test_a_preset_that_does_not_fit_is_refused_before_anything_is_done(
    preset: str, words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    done = call_raasid("retrain", *LEAGUE, *words, f"retrain.sweep={preset}", f"paths.root={tmp_path}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "decisions").exists()
