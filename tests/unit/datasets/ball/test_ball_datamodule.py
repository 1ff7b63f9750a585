"""The ball datamodule: where a resumed run continues, and which footage is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.datasets.ball.datamodule import BallDataModule
from raasid.datasets.data_config import AugmentConfig, DataConfig, LeagueConfig
from raasid.datasets.sampler import HardNegative
from raasid.datasets.source_configs import StoreDataConfig
from raasid.errors import UsageError
from raasid.footage.records import Ball, Clip, Footage, Frame, Provenance


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    clips = []
    for number in range(4):
        image = tmp_path / f"{number}.jpg"
        cv2.imwrite(str(image), np.full((64, 96, 3), 40 * number, np.uint8))
        frame = Frame(0, image, 96, 64, (Ball(48, 32, 6, 6),))
        clips.append(Clip(f"c{number}", (frame,), Provenance("test", match=f"m{number}")))
    return Footage(clips, {"train": ["c0", "c1"], "val": ["c2"], "test": ["c3"]})


def data_of(footage: Footage, folder: Path, **options: object) -> BallDataModule:
    options = {"size": (96, 64), "batch_size": 1, "crop": 32, **options}
    data = BallDataModule(lambda: footage, DataConfig(**options), folder, seed=1)  # type: ignore[arg-type]
    data.setup("fit")
    return data


def test_a_resumed_run_starts_its_loader_where_the_checkpoint_was_saved(
    footage: Footage, tmp_path: Path
) -> None:
    whole = data_of(footage, tmp_path, samples_per_epoch=6)
    batches = list(whole.train_dataloader())
    resumed = data_of(footage, tmp_path, samples_per_epoch=6)
    resumed.load_state_dict({"hard_negatives": [], "batches_seen": 4})
    rest = list(resumed.train_dataloader())
    assert [b.images.tolist() for b in rest] == [b.images.tolist() for b in batches[4:]]


def test_hard_negatives_survive_a_checkpoint_as_plain_values(footage: Footage, tmp_path: Path) -> None:
    data = data_of(footage, tmp_path)
    data.hard_negatives.append(HardNegative(1, 5.5, 6.5))
    other = data_of(footage, tmp_path)
    held = other.hard_negatives
    other.load_state_dict(data.state_dict())
    assert held == [HardNegative(1, 5.5, 6.5)]


def test_evaluation_frames_are_larger_than_those_that_training_crops_are_cut_from(
    footage: Footage, tmp_path: Path
) -> None:
    data = data_of(footage, tmp_path, eval_scale=1.5)
    (batch,) = data.val_dataloader()
    assert batch.images.shape == (1, 96, 144, 3)
    assert batch.scale.tolist() == [1.5]
    assert batch.balls[0, 0].tolist() == [72, 48, 9, 9]
    assert data.train_dataset[0][0].shape == (64, 96, 3)


def test_a_ball_whose_centre_alone_is_labelled_gets_the_default_size(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    cv2.imwrite(str(image), np.zeros((360, 640, 3), np.uint8))
    frame = Frame(0, image, 640, 360, (Ball(100, 50, 0, 0),))
    clips = [Clip("a", (frame,), Provenance("t", match="a")), Clip("b", (frame,), Provenance("t", match="b"))]
    data = data_of(Footage(clips, {"train": ["a"], "val": ["b"]}), tmp_path, size=(640, 360))
    (batch,) = data.eval_dataloader("test")
    assert batch.balls[0, 0].tolist() == [100, 50, 9, 9]


def test_footage_without_a_single_ball_is_refused(footage: Footage, tmp_path: Path) -> None:
    bare = [replace(clip, frames=(replace(clip.frames[0], balls=()),)) for clip in footage.clips]
    with pytest.raises(UsageError, match="no frame of the training split has a ball"):
        data_of(Footage(bare, footage.splits), tmp_path).train_dataloader()


def test_an_auxiliary_league_gets_its_share_of_the_training_and_is_never_evaluated_on(
    footage: Footage, tmp_path: Path
) -> None:
    image = tmp_path / "rendered.jpg"
    cv2.imwrite(str(image), np.full((64, 96, 3), 250, np.uint8))
    frame = Frame(0, image, 96, 64, (Ball(30, 20, 3, 3),))
    rendered = Clip("z", (frame, frame), Provenance("synthetic", match="league"))
    config = StoreDataConfig(
        dataset="d", size=(96, 64), batch_size=4, crop=32, samples_per_epoch=400, ball_crops=0.5,
        eval_scale=1.0, holdout=0.1, augment=AugmentConfig(), league=LeagueConfig(share=0.25),
    )  # fmt: skip
    data = BallDataModule(lambda: footage, config, tmp_path, seed=1, league=lambda: [rendered])
    data.setup("fit")
    assert data.num_real_frames == 2
    drawn = [ref.clip for batch in data.train_dataloader() for ref in batch.refs]
    assert 0.17 < drawn.count("z") / len(drawn) < 0.33
    assert {ref.clip for batch in data.val_dataloader() for ref in batch.refs} == {"c2"}
    assert {ref.clip for batch in data.test_dataloader() for ref in batch.refs} == {"c3"}
    assert data.train_dataset[2][1].tolist() == [[30, 20, 6, 6]], "boxes as wide as the footage's"


@pytest.mark.parametrize("crop", [32, None])
def test_mosaics_keep_the_size_and_bring_several_balls(
    footage: Footage, tmp_path: Path, crop: int | None
) -> None:
    data = data_of(footage, tmp_path, crop=crop, augment=AugmentConfig(mosaic=1.0), samples_per_epoch=30)
    batches = list(data.train_dataloader())
    assert {b.images.shape[1:] for b in batches} == {(32, 32, 3) if crop else (64, 96, 3)}
    assert max(b.balls.shape[1] for b in batches) > 1


def test_evaluation_gets_every_frame_once_without_augmentation(footage: Footage, tmp_path: Path) -> None:
    (batch,) = data_of(footage, tmp_path).eval_dataloader("test")
    assert [ref.clip for ref in batch.refs] == ["c3"]
    assert batch.balls[0, 0].tolist() == [48, 32, 6, 6]


def test_an_empty_split_is_a_usage_error(footage: Footage, tmp_path: Path) -> None:
    alone = Footage(footage.clips[2:], {"val": ["c2"], "test": ["c3"]})
    with pytest.raises(UsageError, match="training split is empty"):
        data_of(alone, tmp_path).train_dataloader()
