from __future__ import annotations

import lightning.pytorch as pl
import pytest
import torch
from ball_footage import league
from torch import nn
from torch.utils.data import DataLoader

from raasid.evaluation.ball.curves import best_threshold
from raasid.evaluation.ball.matched import match_frames
from raasid.evaluation.ball.metrics import ball_metrics
from raasid.evaluation.ball.result import BallValidation
from raasid.models.ball.module import BallModule


class Replay(BallModule):
    """Returns prepared detections; a batch is a list of row numbers."""

    def __init__(self, refs, detections, threshold="auto"):
        super().__init__(threshold)
        self.refs, self.found = refs, detections
        self.weight = nn.Parameter(torch.zeros(1))

    def losses(self, batch):
        return {"nothing": self.weight.sum()}

    def detect(self, images):
        raise NotImplementedError

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        return batch

    def validation_step(self, batch, batch_idx):
        return {"frames": [self.refs[i] for i in batch], "detections": [self.found[i] for i in batch]}

    test_step = validation_step


@pytest.fixture
def quiet_trainer(tmp_path):
    def build(callback):
        return pl.Trainer(
            accelerator="cpu",
            logger=False,
            callbacks=[callback],
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            default_root_dir=tmp_path,
        )

    return build


def batches(rows, size=4):
    return DataLoader(rows, batch_size=size, collate_fn=list)


def test_the_metrics_of_all_batches_are_logged_at_the_best_threshold(quiet_trainer):
    refs, detections = league(3, 10)
    model, callback = Replay(refs, detections), BallValidation()
    logged = quiet_trainer(callback).validate(model, batches(range(30)), verbose=False)[0]
    chosen = best_threshold(match_frames(refs, detections, 0.5), model.max_false_positives)
    expected = ball_metrics(match_frames(refs, detections, chosen))
    assert model.operating_threshold == chosen
    assert logged == pytest.approx(
        {f"val/{name}": expected[name] for name in ("detection_rate", "false_positives", "f1", "ap")}
    )


def test_a_given_threshold_is_kept(quiet_trainer):
    refs, detections = league(1, 10)
    model = Replay(refs, detections, threshold=0.9)
    quiet_trainer(BallValidation()).validate(model, batches(range(10)), verbose=False)
    assert model.operating_threshold == 0.9


def test_a_frame_that_comes_twice_counts_once(quiet_trainer):
    refs, detections = league(1, 10)
    callback = BallValidation()
    trainer = quiet_trainer(callback)
    once = trainer.validate(Replay(refs, detections), batches(range(10)), verbose=False)
    again = trainer.validate(Replay(refs, detections), batches([*range(10), 0, 3, 3]), verbose=False)
    assert once == again
    assert callback.frames == refs


def test_a_test_does_not_change_the_threshold(quiet_trainer):
    refs, detections = league(2, 5)
    model, callback = Replay(refs, detections), BallValidation()
    before = model.operating_threshold
    quiet_trainer(callback).test(model, batches(range(10)), verbose=False)
    assert model.operating_threshold == before
    assert [ref.key for ref in callback.frames] == [ref.key for ref in refs]
    assert callback.predictions == detections


def test_processes_share_their_detections(quiet_trainer, monkeypatch):
    refs, detections = league(2, 5)

    def gather(shares, mine):
        # The other process saw the second half and, to be even, frame 0 again.
        shares[:] = [mine, {refs[i].key: (refs[i], detections[i]) for i in (*range(5, 10), 0)}]

    callback = BallValidation()
    trainer = quiet_trainer(callback)
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr("raasid.evaluation.prediction_collector.is_distributed", lambda: True)
    trainer.test(Replay(refs, detections), batches(range(5)), verbose=False)
    assert callback.frames == refs
