"""One judge for both pose trainers: our metrics on the test matches of the experiment's own league."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lightning.pytorch as pl
import numpy as np

from raasid.config.compose import compose
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.pose.datamodule import build_pose_datamodule
from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.pose.result import PoseResult, evaluate_pose
from raasid.footage.formats.yolo_export import write_pose
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import Footage
from raasid.models.checkpoints import load_trained_model
from raasid.models.pose.poses import People, assign_poses_to_boxes
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.evaluation import evaluate_model
from raasid.pipeline.train import train
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.fit import build_trainer


class Quality(NamedTuple):
    """OKS AP50 and AP of what a model says by itself."""

    ap50: float
    ap: float

    @classmethod
    def of(cls, result: PoseResult) -> Quality:
        """Two of the figures of an evaluation."""
        return cls(result["AP50"].value, result["mAP"].value)


def config(folder: Path, data: Path, extra: Sequence[str]) -> TrainConfig:
    """`experiment=pose`, its runs below `folder`, its league below `data`."""
    words = ["experiment=pose", f"paths.root={folder}", f"paths.data={data}", "test=false", *extra]
    return compose("train", TrainConfig, words)


def prepare(cfg: TrainConfig) -> TaskDataModule:
    """Render the league and decode its frames, which counts as training time of neither."""
    found = build_pose_datamodule(cfg.data, cfg.paths, cfg.seed)
    found.prepare_data()
    return found


def export(found: TaskDataModule, folder: Path) -> tuple[Path, Path]:
    """Write what is trained and chosen on for the peer; return its folder, and a list of the test images."""
    assert found.splits is not None
    splits = {"train": found.splits.train, "val": found.splits.val}
    clips = [clip for split in splits.values() for clip in split]
    write_pose(Footage(clips, {name: [clip.id for clip in split] for name, split in splits.items()}), folder)
    sheet = folder / "data.yaml"  # the trainer takes a relative path for one of its own
    sheet.write_text(sheet.read_text().replace("path: .\n", f"path: {folder}\n"))
    look = folder / "look.json"
    look.write_text(json.dumps([str(ref.frame.image) for ref in _refs(found)]))
    return folder, look


def train_ours(cfg: TrainConfig, run: Path) -> tuple[float, Quality]:
    """Train as the experiment says; return the seconds, and what the best checkpoint is worth on test."""
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    run.mkdir(parents=True)
    began = time.perf_counter()
    train(cfg, run)
    seconds = time.perf_counter() - began
    model, _ = load_trained_model(run / "checkpoints" / "best.ckpt")
    adapter = task_adapter(model)
    trainer = build_trainer(cfg.trainer, run, [adapter.validation_callback()])
    result = evaluate_model(
        trainer, model, adapter.build_datamodule(cfg.data, cfg.paths, cfg.seed, model), "test"
    )
    assert isinstance(result, PoseResult)
    return seconds, Quality.of(result)


def judge_peer(found: TaskDataModule, out: Path) -> Quality:
    """Judge the peer's people on the same frames, by the same code."""
    refs, said = _refs(found), json.loads(out.read_text())
    own = [_people(said[str(ref.frame.image)]) for ref in refs]
    at_truth = [assign_poses_to_boxes(people, _boxes(ref)) for people, ref in zip(own, refs, strict=True)]
    return Quality.of(evaluate_pose(refs, own, at_truth))


def _refs(found: TaskDataModule) -> list[FrameRef]:
    assert found.splits is not None
    return [ref for clip in found.splits.test for ref in FrameRef.of(clip)]


def _boxes(ref: FrameRef) -> np.ndarray:
    rows = np.array([person.box for person in ref.frame.persons], np.float32).reshape(-1, 4)
    return np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], 1)


def _people(rows: list[list[float]]) -> People:
    table = np.array(rows, np.float32).reshape(-1, 5 + 3 * NUM_KEYPOINTS)
    centre, half = table[:, :2], table[:, 2:4] / 2
    boxes = np.concatenate([centre - half, centre + half], 1)
    return People(boxes, table[:, 4], table[:, 5:].reshape(-1, NUM_KEYPOINTS, 3))
