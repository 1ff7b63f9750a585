"""The context task for the verbs: which tracks, whose edition, what an evaluation takes over."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.section import PathsConfig
from raasid.datasets.context.tracks_config import TracksConfig
from raasid.datasets.source_configs import SyntheticDataConfig
from raasid.errors import UsageError
from raasid.models.context.baselines import ContextMajority
from raasid.pipeline.adapters.context import PLAN, lent
from raasid.pipeline.model_refs import remember


def section(**tracks: object) -> SyntheticDataConfig:
    return SyntheticDataConfig(size=(640, 360), tracks=TracksConfig(**tracks))  # type: ignore[arg-type]


def paths(folder: Path) -> PathsConfig:
    return PathsConfig(root=folder, data=folder / "data", logs=folder / "logs")


def test_without_trained_detectors_tracks_are_noisy_and_a_note_says_so(tmp_path: Path) -> None:
    given, upstream = lent(section(), paths(tmp_path))
    assert given.tracks.source == "noisy"
    assert upstream.note is not None
    assert "raasid train experiment=ball" in upstream.note
    assert upstream.default_errors is not None


def test_the_newest_detectors_are_the_parents_of_predicted_tracks(tmp_path: Path) -> None:
    ball, pose = tmp_path / "ball.ckpt", tmp_path / "pose.ckpt"
    for task, path in (("ball", ball), ("pose", pose)):
        path.write_bytes(b"weights")
        remember(tmp_path / "logs", task, path)  # type: ignore[arg-type]
    given, upstream = lent(section(), paths(tmp_path))
    assert given.tracks.source == "predicted"
    assert upstream.checkpoints == {"ball": ball, "pose": pose}
    data = PLAN.data(section(), paths(tmp_path), 1, ContextMajority())
    assert data.input_checkpoints == {"ball": ball, "pose": pose}


def test_truth_asks_for_no_detector_and_no_errors(tmp_path: Path) -> None:
    given, upstream = lent(section(source="truth"), paths(tmp_path))
    assert given.tracks.source == "truth"
    assert upstream.default_errors is None


def test_an_evaluation_takes_tracks_from_the_training_unless_told_otherwise() -> None:
    trained = {
        "tracks": TracksConfig(source="truth", edition="ifab_2020_21", shift=5).model_dump(),
        "size": [640, 360],
    }
    asked = SyntheticDataConfig(tracks=TracksConfig(edition="ifab_2018_19"))
    update = PLAN.as_trained(asked, trained)
    assert (update["tracks"].source, update["tracks"].edition, update["tracks"].shift) == (
        "truth",
        "ifab_2018_19",
        5,
    )
    assert update["size"] == (640, 360)


def test_a_threshold_is_refused() -> None:
    with pytest.raises(UsageError, match="threshold"):
        PLAN.judge(None, None, None, 0.5)  # type: ignore[arg-type]


def test_an_edition_that_yaml_took_for_a_number_is_a_season_again() -> None:
    assert TracksConfig(edition=202526).edition == "ifab_2025_26"  # type: ignore[arg-type]
