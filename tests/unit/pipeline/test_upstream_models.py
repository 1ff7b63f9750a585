"""The ball and pose models whose tracks a context model gets, by checkpoint and by version."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import TINY, registered
from untrained import checkpoint

from raasid.config.section import PathsConfig
from raasid.datasets.context.tracks_config import TracksConfig
from raasid.datasets.source_configs import Data, SyntheticDataConfig
from raasid.errors import CheckpointUnusable
from raasid.models.context.baselines import ContextMajority
from raasid.pipeline.adapters.context import ADAPTER, LazyPerception
from raasid.pipeline.model_refs import NotTrainedYet, record_latest_checkpoint
from raasid.pipeline.upstream_models import UpstreamModel, track_by_champions, upstream_digests
from raasid.registry.errors import NotRegistered
from raasid.registry.lineage import find_versions_by_digest
from raasid.registry.registry import Registry


@pytest.fixture
def paths(tmp_path: Path) -> PathsConfig:
    return PathsConfig(
        root=tmp_path, data=tmp_path / "data", logs=tmp_path / "logs", registry=tmp_path / "registry"
    )


@pytest.fixture
def registry(paths: PathsConfig) -> Registry:
    """A ball and a pose model, both of them champions."""
    registry = Registry(paths.registry)
    for tiny in (TINY["ball_heatmap"], TINY["pose_topdown"]):
        registry.set_alias(tiny.name, "champion", registered(registry, tiny), "the first")
    return registry


def section(**tracks: object) -> SyntheticDataConfig:
    return SyntheticDataConfig(size=(640, 360), tracks=TracksConfig.model_validate(tracks))


def test_tracks_come_from_registered_versions_as_from_checkpoints(
    registry: Registry, paths: PathsConfig
) -> None:
    config = section(ball="ball_model@champion", pose="pose_model@champion")
    data = ADAPTER.build_datamodule(config, paths, 1, ContextMajority())
    champion = registry.resolve("ball_model", "champion")
    sha256 = registry.versions("ball_model").manifest(champion).files["model.safetensors"].sha256
    assert data.input_checkpoints["ball"].read_bytes() == registry.objects.read(sha256)
    assert find_versions_by_digest(registry, {sha256})[sha256].version == champion

    ball, pose = (UpstreamModel.find(f"{task}_model@champion", task, paths) for task in ("ball", "pose"))
    assert ball.name == f"ball_model@{champion}"
    perception = LazyPerception(ball, pose, paths.data).perception
    assert perception.ball.size == (640, 360)
    assert perception.ball.module.operating_threshold == 0.1 + 0.2
    with pytest.raises(CheckpointUnusable, match=f"{pose.name}: holds a PoseTopDown; a ball model is needed"):
        _ = LazyPerception(pose, ball, paths.data).perception


def test_an_unknown_version_and_a_model_that_is_not_trained_are_named(paths: PathsConfig) -> None:
    with pytest.raises(NotRegistered, match="ball_model champion"):
        UpstreamModel.find("ball_model@champion", "ball", paths)
    with pytest.raises(NotTrainedYet, match="raasid train experiment=ball"):
        UpstreamModel.find("newest", "ball", paths)


def test_champions_take_the_place_of_the_newest_models_but_not_of_named_ones(
    registry: Registry, paths: PathsConfig, tmp_path: Path
) -> None:
    named = checkpoint(tmp_path, "ball")
    record_latest_checkpoint(Path(paths.logs), "ball", named)
    tracks = track_by_champions(section(ball=named), registry).tracks
    assert tracks.ball == named
    pose = f"pose_model@{registry.resolve('pose_model', 'champion')}"
    assert str(tracks.pose) == pose
    both = track_by_champions(section(), registry).tracks
    assert str(both.ball) == f"ball_model@{registry.resolve('ball_model', 'champion')}"
    assert track_by_champions(section(), Registry(tmp_path / "empty")).tracks == section().tracks
    inherited = ADAPTER.inherit_data_config(
        track_by_champions(SyntheticDataConfig(), registry), {"tracks": {"pose": "an_old.ckpt", "shift": 5}}
    )
    assert (str(inherited["tracks"].pose), inherited["tracks"].shift) == (pose, 5)


def test_another_champion_is_another_input_and_annotated_tracks_have_none(
    registry: Registry, paths: PathsConfig
) -> None:
    def digests(config: Data) -> dict[str, str]:
        return upstream_digests(ADAPTER.build_datamodule(config, paths, 1, ContextMajority()), paths)

    before = digests(track_by_champions(section(), registry))
    assert before.keys() == {"ball", "pose"}
    assert digests(track_by_champions(section(), registry)) == before
    newer = registered(registry, TINY["ball_heatmap"])
    registry.set_alias("ball_model", "champion", newer, "the same weights, another version")
    after = digests(track_by_champions(section(), registry))
    assert (after["pose"], after["ball"] == before["ball"]) == (before["pose"], False)
    assert digests(section(source="truth")) == {}
