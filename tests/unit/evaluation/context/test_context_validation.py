from __future__ import annotations

import dataclasses

import lightning.pytorch as pl
import pytest
import torch
from context_samples import league
from torch.utils.data import DataLoader

from raasid.evaluation.context.result import ContextValidation, evaluate_context


class Replay(pl.LightningModule):
    """Returns prepared predictions; a batch is a list of row numbers."""

    def __init__(self, refs, predictions, loss=None):
        super().__init__()
        self.refs, self.predictions, self.loss = refs, predictions, loss

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        return batch

    def validation_step(self, batch, batch_idx):
        out = {"clips": [self.refs[i] for i in batch], "predictions": [self.predictions[i] for i in batch]}
        return out if self.loss is None else out | {"loss": torch.tensor(self.loss[batch_idx])}

    test_step = validation_step


@pytest.fixture
def trainer_with(tmp_path):
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


def test_the_metrics_of_all_batches_are_logged(trainer_with):
    refs, predictions = league(3, 6)
    model = Replay(refs, predictions, loss=[1.0, 2.0, 3.0, 4.0, 5.0])
    logged = trainer_with(ContextValidation()).validate(model, batches(range(18)), verbose=False)[0]
    expected = evaluate_context(refs, predictions)
    for name in ("accuracy", "balanced_accuracy", "ece"):
        assert logged[f"val/{name}"] == pytest.approx(expected[name].value)
    assert logged["val/loss"] == pytest.approx((4 * (1 + 2 + 3 + 4) + 2 * 5) / 18)


def test_metrics_are_those_of_the_first_kind_of_tracks(trainer_with):
    refs, predictions = league(3, 6)
    others = [dataclasses.replace(ref, source="noisy") for ref in refs]
    mine = [dataclasses.replace(ref, source="predicted") for ref in refs[:12]]
    wrong = predictions[::-1]
    others = [dataclasses.replace(r, clip=predicted.clip) for r, predicted in zip(others, wrong, strict=True)]
    model = Replay([*others, *mine], [*wrong, *predictions[:12]])
    logged = trainer_with(ContextValidation()).validate(model, batches(range(30)), verbose=False)[0]
    expected = evaluate_context(mine, predictions[:12])
    assert logged["val/accuracy"] == pytest.approx(expected["accuracy"].value)
    assert logged["val/accuracy"] != evaluate_context(others, wrong)["accuracy"].value


def test_a_clip_counts_once_on_each_kind_of_tracks_and_processes_share_them(trainer_with, monkeypatch):
    refs, predictions = league(2, 4)
    truly = [dataclasses.replace(ref, source="truth") for ref in refs]
    rows, predicted = [*refs, *truly], predictions * 2

    def gather(shares, mine):
        # The other process saw the second half and, to be even, the first clip again.
        shares[:] = [mine, {rows[i].key: (rows[i], predicted[i]) for i in (*range(8, 16), 0)}]

    callback = ContextValidation()
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr("raasid.evaluation.prediction_collector.is_distributed", lambda: True)
    trainer_with(callback).test(Replay(rows, predicted), batches(range(8)), verbose=False)
    assert callback.refs == sorted(rows, key=lambda ref: ref.key)
    assert [predicted.clip for predicted in callback.predictions] == [ref.clip for ref in callback.refs]
