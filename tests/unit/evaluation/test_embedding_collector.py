"""Embeddings are read while a model is tested, and nothing changes by it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from raasid.config.compose import compose
from raasid.datasets.ball.dataset import BallBatch
from raasid.datasets.pose.batch import PoseBatch
from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.prediction_collector import EmbeddingCollector
from raasid.footage.records import Frame
from raasid.models.ball.heatmap import BallHeatmap
from raasid.models.context.baselines import ContextGeometry
from raasid.models.context.transformer import ContextTransformer
from raasid.models.module import TaskModule
from raasid.models.pose.mediapipe_module import PoseMediapipe
from raasid.models.pose.top_down import PoseTopDown
from raasid.pipeline.evaluation import predict_split
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.fit import build_trainer


def refs(first: int, count: int) -> tuple[FrameRef, ...]:
    frames = [Frame(k, Path("x"), 64, 64) for k in range(first, first + count)]
    return tuple(FrameRef("clip", "match", frame) for frame in frames)


def images(count: int) -> torch.Tensor:
    torch.manual_seed(count)
    return torch.randint(0, 255, (count, 64, 96, 3), dtype=torch.uint8)


def ball_batches() -> list[BallBatch]:
    return [
        BallBatch(
            images(n), torch.zeros(n, 1, 4), torch.zeros(n, 1, dtype=torch.bool), torch.ones(n), refs(at, n)
        )
        for at, n in ((0, 3), (3, 2))
    ]


def pose_batches() -> list[PoseBatch]:
    boxes, keypoints = np.zeros((0, 4), np.float32), np.zeros((0, 17, 3), np.float32)
    return [
        PoseBatch(
            images(n),
            (boxes,) * n,
            (keypoints,) * n,
            torch.ones(n),
            refs(at, n),
            (np.zeros(0, np.bool_),) * n,
        )
        for at, n in ((0, 3), (3, 2))
    ]


def collect(model: TaskModule, batches: list[Any]) -> EmbeddingCollector:
    collector = EmbeddingCollector()
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, callbacks=[collector], enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.test(model, DataLoader(batches, batch_size=None, collate_fn=lambda batch: batch), verbose=False)  # type: ignore[arg-type]
    collector.close()
    return collector


def test_each_frame_has_the_mean_of_the_layer_for_the_image_as_it_is() -> None:
    model = BallHeatmap(channels=4, mirror=True, scales=(0.5,)).eval()
    collector = collect(model, ball_batches())
    assert list(collector.rows) == [("clip", k) for k in range(5)]
    with torch.no_grad():
        x = images(3).permute(0, 3, 1, 2).float().mul(4 / 255).sub(1.6)
        expected = model.net.levels(x)[-1].mean((2, 3))
    assert np.allclose(np.stack([collector.rows["clip", k] for k in range(3)]), expected.numpy(), atol=1e-5)


def test_a_pose_model_gives_one_embedding_a_frame_also_if_it_searches_twice() -> None:
    model = PoseTopDown(channels=4, joint_channels=4, crop=(32, 64)).eval()
    collector = collect(model, pose_batches())
    assert [row.shape for row in collector.rows.values()] == [(32,)] * 5


def test_listening_ends_with_the_test() -> None:
    model = BallHeatmap(channels=4).eval()
    collector = collect(model, ball_batches())
    before = dict(collector.rows)
    assert not model.net.deepest._forward_hooks
    model.detect(images(2))
    assert collector.rows == before


@pytest.mark.parametrize("has_layer", [BallHeatmap, PoseTopDown, ContextTransformer])
def test_models_name_their_layer(has_layer: type[TaskModule]) -> None:
    model = has_layer()
    assert model.embedding_layer in list(model.modules())


def test_rules_and_external_models_have_no_embedding() -> None:
    assert ContextGeometry().embedding_layer is None
    assert PoseMediapipe("some.task").embedding_layer is None


def test_results_are_the_same_with_and_without_collecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored bytes of an evaluation; only the model's layer differs."""
    from raasid.pipeline.adapters.adapter import task_adapter

    words = ["experiment=ball", "data=synthetic_tiny", "data.matches=4", "data.val_matches=1"]
    words += ["data.test_matches=2", "data.clips_per_match=1", "data.frames_per_clip=2", "trainer=cpu"]
    cfg = compose("train", TrainConfig, [*words, f"paths.root={tmp_path}"])
    torch.manual_seed(0)
    model = BallHeatmap(channels=4).eval()
    adapter = task_adapter(model)
    results = []
    for collecting in (True, False):
        if not collecting:
            monkeypatch.setattr(BallHeatmap, "embedding_layer", None)
        paths = SimpleNamespace(data=tmp_path / "data", scratch=None)
        data = adapter.build_datamodule(cfg.data, paths, 0, model)
        trainer = build_trainer(cfg.trainer, tmp_path, [adapter.validation_callback()])
        predicted = predict_split(trainer, model, data, "test")
        assert len(predicted.embeddings) == (4 if collecting else 0)
        results.append(predicted.evaluate().to_json())
    assert results[0] == results[1]
