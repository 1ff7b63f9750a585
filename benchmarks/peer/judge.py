"""One judge for both sides: our metrics on the held-out matches of a YOLO folder."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raasid.config.compose import compose
from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.ball.curves import best_threshold
from raasid.evaluation.ball.matched import match_frames
from raasid.evaluation.ball.result import BallResult, evaluate_ball
from raasid.footage.formats.yolo import read
from raasid.footage.splits import split_by_match
from raasid.models.ball.module import Detections
from raasid.pipeline.train import train
from raasid.pipeline.verb_configs import TrainConfig

Figures = tuple[float, float]
"""detection_rate, false positives per image."""

LIMIT = 0.08
"""False positives per image that the peer is always allowed, however few ours made."""
SAFETY = 0.93
"""Part of the time that is planned for; the rest absorbs what a busy machine does."""


def seconds_per_epoch(root: Path, folder: Path, extra: Sequence[str]) -> float:
    """How long our epochs take, validation included, from two short runs."""
    epochs, spent = (1, 3), []
    for count in epochs:
        given = [f"trainer.max_epochs={count}", "trainer.check_val_every_n_epoch=1", "test=false"]
        cfg = compose("train", TrainConfig, [*_ours(root, folder, extra), *given])
        (run := folder / f"try-{count}").mkdir()
        began = time.perf_counter()
        train(cfg, run)
        spent.append(time.perf_counter() - began)
    return (spent[1] - spent[0]) / (epochs[1] - epochs[0])


def judge_ours(root: Path, seconds: float, per_epoch: float, folder: Path, extra: Sequence[str]) -> Figures:
    """Train our default for `seconds`, in as many epochs as fit, and measure it.

    Should `per_epoch` be too low, the trainer stops at `seconds` all the same.
    """
    fitting = max(1, int(SAFETY * seconds / per_epoch))
    given = [f"trainer.max_epochs={fitting}", f"trainer.max_time='{_clock(seconds)}'"]
    cfg = compose("train", TrainConfig, [*_ours(root, folder, extra), *given])
    (run := folder / "run").mkdir()
    train(cfg, run)
    return _figures(BallResult.read(run / "metrics.json"))


def _ours(root: Path, folder: Path, extra: Sequence[str]) -> list[str]:
    where = [f"data.root={root}", f"paths.root={folder}"]
    return ["experiment=ball", "data=yolo", "data.league=null", *where, *extra]


def judge_peer(root: Path, found: Path, false_positives: float) -> tuple[Figures, Figures]:
    """Judge a file of the peer's boxes, at the threshold that suits it best here, and without one.

    false_positives: what ours made per image; the peer may make as many, and `LIMIT` in any case.
    Its threshold is chosen on the very frames that it is judged by, ours is not.
    """
    footage = read(root)
    held_out = split_by_match(footage.clips, footage.splits, 0.0, 0).test
    refs = [ref for clip in held_out for ref in FrameRef.of(clip)]
    boxes = json.loads(found.read_text())
    detections = [_detections(boxes[ref.frame.image.name]) for ref in refs]
    allowed = max(false_positives, LIMIT)
    threshold = best_threshold(match_frames(refs, detections, 0.25), allowed, fallback=0.25)
    return (
        _figures(evaluate_ball(refs, detections, threshold)),
        _figures(evaluate_ball(refs, detections, 0.0)),
    )


def _detections(rows: list[list[float]]) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(table[:, :2], table[:, 2:4], table[:, 4])


def _figures(result: BallResult) -> Figures:
    return result["detection_rate"].value, result["false_positives"].value


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 86400:02d}:{whole // 3600 % 24:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
