"""A tiny league and a training on it that the integration tests share; they are made once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ball_season import make_ball_season
from integration_runs import SHORT, Trained
from made_once import made_once
from tiny_trainings import make_context_season, make_pose_season

TINY = ["data=synthetic_tiny", "model.channels=4", "register=false"]


@pytest.fixture(scope="session")
def league(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Overrides for a tiny net on a tiny league, which is rendered already."""
    from raasid.config.compose import compose
    from raasid.datasets.factory import open_footage
    from raasid.pipeline.verb_configs import TrainConfig

    data = compose("train", TrainConfig, TINY).data
    folder = made_once(tmp_path_factory, "league", lambda folder: open_footage(data, folder))
    return [*TINY, f"paths.data={folder}"]


@pytest.fixture(scope="session")
def trained(league: list[str], tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Trained:
    """A training by `python train.py`."""

    def train(root: Path) -> None:
        words = [sys.executable, "train.py", *league, *SHORT, f"paths.root={root}"]
        done = subprocess.run(words, cwd=repo, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (root / "stdout").write_text(done.stdout)

    return Trained(made_once(tmp_path_factory, "trained", train))


@pytest.fixture(scope="session")
def ball_season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a poor ball champion, and the league that it was trained on; tests copy it."""
    return made_once(tmp_path_factory, "ball_season", make_ball_season)


@pytest.fixture(scope="session")
def pose_season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a poor pose champion, and its league; tests copy it."""
    return made_once(tmp_path_factory, "pose_season", make_pose_season)


@pytest.fixture(scope="session")
def context_season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a context champion for the Laws of 2021/22, and its league; tests copy it."""
    return made_once(tmp_path_factory, "context_season", make_context_season)
