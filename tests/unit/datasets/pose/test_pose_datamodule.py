"""The datamodule of the pose models: samples of a resumed run, and refused footage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from raasid.datasets.data_config import DataConfig, PeopleConfig
from raasid.datasets.pose.batch import CropBatch, PoseBatch
from raasid.datasets.pose.datamodule import PoseDataModule
from raasid.datasets.pose.transforms import CropShape
from raasid.errors import UsageError
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import Clip, Footage, Frame, Person, Provenance

JOINTS = tuple((20.0 + k, 20.0 + k, 2) for k in range(NUM_KEYPOINTS))


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    clips = []
    for number in range(4):
        image = tmp_path / f"{number}.png"
        cv2.imwrite(str(image), np.random.default_rng(number).integers(0, 255, (64, 96, 3), np.uint8))
        persons = (
            Person(0, "player", (10, 10, 30, 40), keypoints=JOINTS),
            Person(1, "player", (60, 5, 10, 20)),
        )
        frame = Frame(0, image, 96, 64, persons=persons)
        clips.append(Clip(f"c{number}", (frame,), Provenance("test", match=f"m{number}")))
    return Footage(clips, {"train": ["c0", "c1"], "val": ["c2"], "test": ["c3"]})


def data_of(
    footage: Footage, folder: Path, shape: CropShape | None = None, **options: object
) -> PoseDataModule:
    people = PeopleConfig(window=(64, 32), crops=2)
    config = DataConfig(**{"size": (96, 64), "batch_size": 1, "people": people, **options})  # type: ignore[arg-type]
    data = PoseDataModule(lambda: footage, config, shape, folder, seed=1)
    data.setup("fit")
    return data


def test_a_resumed_run_draws_the_samples_of_an_uninterrupted_one(footage: Footage, tmp_path: Path) -> None:
    shape = CropShape(32, 32)
    batches = list(data_of(footage, tmp_path, shape, samples_per_epoch=6).train_dataloader())
    resumed = data_of(footage, tmp_path, shape, samples_per_epoch=6)
    resumed.load_state_dict({"batches_seen": 4})
    rest = list(resumed.train_dataloader())
    assert len(rest) == 2
    for one, other in zip(rest, batches[4:], strict=True):
        assert torch.equal(one.crops, other.crops)
        assert torch.equal(one.windows.images, other.windows.images)


def test_a_model_that_reads_no_crops_gets_windows_with_joints(footage: Footage, tmp_path: Path) -> None:
    batch = next(iter(data_of(footage, tmp_path).train_dataloader()))
    assert isinstance(batch, PoseBatch)
    assert batch.images.shape == (1, 32, 64, 3)
    assert batch.keypoints[0].shape == (len(batch.boxes[0]), NUM_KEYPOINTS, 3)


def test_a_model_that_reads_crops_gets_both(footage: Footage, tmp_path: Path) -> None:
    batch = next(iter(data_of(footage, tmp_path, CropShape(32, 64)).train_dataloader()))
    assert isinstance(batch, CropBatch)
    assert batch.crops.shape == (2, 64, 32, 3)
    assert batch.joints.shape == (2, NUM_KEYPOINTS, 3)


def test_evaluation_gets_whole_frames_and_all_people_in_the_order_of_the_records(
    footage: Footage, tmp_path: Path
) -> None:
    batch = next(iter(data_of(footage, tmp_path, CropShape(32, 64)).eval_dataloader("test")))
    assert batch.images.shape == (1, 64, 96, 3)
    assert batch.boxes[0].tolist() == [[10, 10, 40, 50], [60, 5, 70, 25]]
    assert (batch.keypoints[0][0] == np.array(JOINTS, np.float32)).all()
    assert not batch.keypoints[0][1].any()


def test_footage_without_joints_is_refused_with_advice(footage: Footage, tmp_path: Path) -> None:
    clips = [
        replace(c, frames=tuple(replace(f, persons=f.persons[1:]) for f in c.frames)) for c in footage.clips
    ]
    with pytest.raises(UsageError, match="nobody in the training split has keypoints"):
        data_of(replace(footage, clips=clips), tmp_path).train_dataloader()
