"""One untrained, narrow model of each task, with extra state, and its predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from made_touches import touch

from raasid.config.build import build
from raasid.datasets.context.batch import collate
from raasid.datasets.context.dataset import LabelledTracks, WindowDataset, find_touched_box
from raasid.datasets.context.sample_meta import ClipRef
from raasid.laws.edition_lookup import shipped_editions
from raasid.laws.facts import fact_values
from raasid.models.config import recorded_model_config
from raasid.models.context.calibration import Calibration
from raasid.models.context.ood import InDistributionModel
from raasid.models.module import TaskModule
from raasid.packaging.card_builder import build_card
from raasid.packaging.package import pack, portable_model_config
from raasid.registry.names import Version
from raasid.registry.registry import Registry
from raasid.tracks.track_arrays import clip_tracks

LINEAGE = {
    "run": "2026-11-23_12-00-00_abc123",
    "data": {
        "train": {"matches": ["m-3", "m-4"], "frames": 20},
        "test": {"matches": ["m-1"], "frames": 7},
        "labels_sha256": "ab" * 32,
        "licenses": ["AGPL-3.0-or-later"],
        "edition": "ifab_2025_26",
    },
    "inputs": {"init_from": {"path": "/somewhere/best.ckpt", "sha256": "cd" * 32}},
}


class Tiny(NamedTuple):
    """A model, as its configuration has it, and a question to it."""

    name: str
    config: dict[str, Any]
    keep: Callable[[Any], None]
    ask: Callable[[Any], object]


def _ball(model: Any) -> object:
    images = torch.randint(
        0, 256, (2, 48, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    return [np.concatenate([d.xy.ravel(), d.wh.ravel(), d.score]).tolist() for d in model.detect(images)]


def _pose(model: Any) -> object:
    images = torch.randint(
        0, 256, (1, 96, 128, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    (found,) = model.predict(images, [np.array([[20.0, 10, 60, 90], [70, 5, 110, 80]], np.float32)])
    return {name: np.asarray(value).tolist() for name, value in asdict(found).items()}


def _context(model: Any) -> object:
    clips = [touch("out"), touch("tucked", arm_out=False)]
    tracked = [LabelledTracks(clip_tracks(clip), ClipRef.of(clip), find_touched_box(clip)) for clip in clips]
    data = WindowDataset(tracked, model.frames, model.players, "ifab_2025_26")
    batch = collate([data[0], data[1]], "ifab_2025_26")
    return repr(model.predict_windows(batch.sources, ["out", "tucked"], "ifab_2025_26"))


def _calibrated(model: Any) -> None:
    count = len(model.calibration.fact_temperatures)
    warm = dict.fromkeys(shipped_editions(), 0.1 + 0.2)
    model.calibration = Calibration(
        [0.7] * count, warm, 0.61, InDistributionModel([0.5], [0.1], 1e30), InDistributionModel()
    )
    model.label_counts = {name: [3] * len(values) for name, values in fact_values().items()}
    model.label_counts["own_play"] = [0, 8]


def _threshold(model: Any) -> None:
    model.operating_threshold = 0.1 + 0.2


TINY = {
    "ball_heatmap": Tiny(
        "ball_model",
        {"_target_": "raasid.models.ball.heatmap.BallHeatmap", "channels": 4, "scales": [0.5]},
        _threshold,
        _ball,
    ),
    "pose_topdown": Tiny(
        "pose_model",
        {
            "_target_": "raasid.models.pose.top_down.PoseTopDown",
            "channels": 8,
            "joint_channels": 8,
            "crop": [32, 64],
            "rescan_scale": 0.0,
        },
        lambda model: None,
        _pose,
    ),
    "context_transformer": Tiny(
        "context_model",
        {
            "_target_": "raasid.models.context.transformer.ContextTransformer",
            "frames": 16,
            "players": 2,
            "width": 16,
            "layers": 1,
            "heads": 2,
        },
        _calibrated,
        _context,
    ),
}


def made(tiny: Tiny) -> TaskModule:
    """The module with weights of its own, and statistics as after some training."""
    torch.manual_seed(3)
    model: TaskModule = build(recorded_model_config(tiny.config))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)  # type: ignore[union-attr]
            module.num_batches_tracked.fill_(7)  # type: ignore[union-attr]
    tiny.keep(model)
    return model.eval()


def run_config(tiny: Tiny) -> dict[str, Any]:
    """What a checkpoint would record of the run."""
    model = {**tiny.config, "init_from": "/somewhere/best.ckpt"}
    return {"seed": 1, "model": model, "data": {"format": "synthetic", "size": [640, 360], "eval_scale": 1.0}}


def registered(registry: Registry, tiny: Tiny, graphs: Path | None = None, **more: Any) -> Version:
    """The model as a version."""
    model, config = made(tiny), run_config(tiny)
    files = pack(model, config, build_card(model, config, LINEAGE, None), graphs) | more.pop("files", {})
    recorded = more.pop("model", portable_model_config(config["model"]))
    return registry.register(tiny.name, files, model=recorded, config=config, lineage=LINEAGE, **more)
