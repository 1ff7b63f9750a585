from __future__ import annotations

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from pose_scenes import league
from torch import nn
from torch.utils.data import DataLoader

from raasid.datasets.pose.batch import PoseBatch
from raasid.evaluation.pose.result import PoseValidation, evaluate_pose
from raasid.evaluation.pose.timing import NUM_TIMED, NUM_WARM_UP
from raasid.models.ball.module import BallModule
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People


class Replay(PoseModule):
    """Returns fixed predictions; the index of an image is its first pixel."""

    def __init__(self, own, at_truth):
        super().__init__()
        self.own, self.at = own, at_truth
        self.calls = 0
        self.weight = nn.Parameter(torch.zeros(1))

    def losses(self, batch):
        return {"nothing": self.weight.sum()}

    def predict(self, images, boxes=None):
        self.calls += boxes is None
        predicted = self.own if boxes is None else self.at
        return [predicted[int(image[0, 0, 0])] for image in images]


def batch_of(refs, rows):
    images = torch.zeros(len(rows), 36, 64, 3, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.tensor(rows)
    none = tuple(np.zeros((0, 4), np.float32) for _ in rows)
    return PoseBatch(images, none, none, torch.ones(len(rows)), tuple(refs[row] for row in rows))


def loader(refs, rows, size=4):
    return DataLoader(list(rows), batch_size=size, collate_fn=lambda some: batch_of(refs, some))


@pytest.fixture
def trainer(tmp_path):
    def build(*callbacks):
        return pl.Trainer(
            accelerator="cpu",
            logger=False,
            callbacks=list(callbacks),
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            default_root_dir=tmp_path,
        )

    return build


def test_the_logged_metrics_are_those_of_an_evaluation(trainer):
    refs, own, at = league(3, 6)
    logged = trainer(PoseValidation()).validate(Replay(own, at), loader(refs, range(18)), verbose=False)[0]
    result = evaluate_pose(refs, own, at)
    expected = {"val/ap": "mAP", "val/ap50": "AP50", "val/ap_at_truth": "mAP_at_truth"}
    assert logged == pytest.approx(
        {"val/loss": 0.0} | {name: result[metric].value for name, metric in expected.items()}
    )


def test_a_frame_that_comes_twice_counts_once(trainer):
    refs, own, at = league(1, 6)
    once = trainer(PoseValidation()).validate(Replay(own, at), loader(refs, range(6)), verbose=False)
    callback = PoseValidation()
    again = trainer(callback).validate(Replay(own, at), loader(refs, [*range(6), 0, 3]), verbose=False)
    assert once == again
    assert callback.frames == refs


def test_people_are_in_pixels_of_the_source(trainer):
    refs, own, at = league(1, 2)

    def halved(rows):
        return batch_of(refs, rows)._replace(scale=torch.full((len(rows),), 0.5))

    callback = PoseValidation()
    trainer(callback).validate(
        Replay(own, at), DataLoader([0, 1], batch_size=2, collate_fn=halved), verbose=False
    )
    for (found, read), before, given in zip(callback.predictions, own, at, strict=True):
        np.testing.assert_allclose(found.boxes, 2 * before.boxes, rtol=1e-6)
        np.testing.assert_allclose(read.keypoints[..., :2], 2 * given.keypoints[..., :2], rtol=1e-6)
        assert (read.keypoints[..., 2] == given.keypoints[..., 2]).all()


def test_a_test_times_the_model_on_single_images(trainer):
    refs, own, at = league(2, 4)
    model, callback = Replay(own, at), PoseValidation()
    trainer(callback).test(model, loader(refs, range(8)), verbose=False)
    assert callback.timing is not None
    assert len(callback.timing.frames_ms) == NUM_TIMED
    assert model.calls == 2 + NUM_WARM_UP + NUM_TIMED
    assert (callback.timing.size, callback.timing.device) == ((64, 36), "cpu")


def test_processes_share_their_people(trainer, monkeypatch):
    refs, own, at = league(2, 4)

    def gather(shares, mine):
        shares[:] = [mine, {refs[i].key: (refs[i], (own[i], at[i])) for i in (*range(4, 8), 0)}]

    callback = PoseValidation()
    engine = trainer(callback)
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr("raasid.evaluation.prediction_collector.is_distributed", lambda: True)
    engine.test(Replay(own, at), loader(refs, range(4)), verbose=False)
    assert callback.frames == refs


def test_a_validation_without_people_is_no_error(trainer):
    refs, _, _ = league(1, 2)
    no_people = [People.empty()] * 2
    logged = trainer(PoseValidation()).validate(
        Replay(no_people, no_people), loader(refs, range(2)), verbose=False
    )
    assert logged[0]["val/ap"] == 0.0


def test_a_model_of_another_task_is_refused(trainer):
    class Ball(BallModule):
        def losses(self, batch):
            raise NotImplementedError

        def detect(self, images):
            raise NotImplementedError

    with pytest.raises(TypeError, match="needs a pose model, not Ball"):
        PoseValidation().log_metrics(trainer(), Ball("auto"))
