"""The context adapter: source of tracks, and settings that an evaluation inherits from the training."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.section import PathsConfig
from raasid.datasets.context.tracks_config import TracksConfig
from raasid.datasets.source_configs import SyntheticDataConfig
from raasid.errors import UsageError
from raasid.models.context.baselines import ContextMajority
from raasid.pipeline.adapters.context import ADAPTER, track_source
from raasid.pipeline.model_refs import record_latest_checkpoint


def section(**tracks: object) -> SyntheticDataConfig:
    return SyntheticDataConfig(size=(640, 360), tracks=TracksConfig(**tracks))  # type: ignore[arg-type]


def paths(folder: Path) -> PathsConfig:
    return PathsConfig(root=folder, data=folder / "data", logs=folder / "logs")


def test_without_trained_detectors_tracks_are_noisy_with_a_note(tmp_path: Path) -> None:
    config, provider = track_source(section(), paths(tmp_path))
    assert config.tracks.source == "noisy"
    assert provider.note is not None
    assert "raasid train experiment=ball" in provider.note
    assert provider.default_errors is not None


def test_predicted_tracks_come_from_the_newest_detectors(tmp_path: Path) -> None:
    ball, pose = tmp_path / "ball.ckpt", tmp_path / "pose.ckpt"
    for task, path in (("ball", ball), ("pose", pose)):
        path.write_bytes(b"weights")
        record_latest_checkpoint(tmp_path / "logs", task, path)  # type: ignore[arg-type]
    config, provider = track_source(section(), paths(tmp_path))
    assert config.tracks.source == "predicted"
    assert provider.checkpoints == {"ball": ball, "pose": pose}
    data = ADAPTER.build_datamodule(section(), paths(tmp_path), 1, ContextMajority())
    assert data.input_checkpoints == {"ball": ball, "pose": pose}


def test_annotated_tracks_need_no_detector_and_no_errors(tmp_path: Path) -> None:
    config, provider = track_source(section(source="truth"), paths(tmp_path))
    assert config.tracks.source == "truth"
    assert provider.default_errors is None


def test_an_evaluation_inherits_the_tracks_of_the_training_unless_they_are_set() -> None:
    trained = {
        "tracks": TracksConfig(source="truth", edition="ifab_2020_21", shift=5).model_dump(),
        "size": [640, 360],
    }
    config = SyntheticDataConfig(tracks=TracksConfig(edition="ifab_2018_19"))
    update = ADAPTER.inherit_data_config(config, trained)
    assert (update["tracks"].source, update["tracks"].edition, update["tracks"].shift) == (
        "truth",
        "ifab_2018_19",
        5,
    )
    assert update["size"] == (640, 360)


def test_a_threshold_is_refused() -> None:
    with pytest.raises(UsageError, match="threshold"):
        ADAPTER.compute_metrics(None, None, None, 0.5)  # type: ignore[arg-type]
