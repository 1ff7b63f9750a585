"""Our side of the comparison: the same steps on the same folder, through the loop that `raasid train` runs.

Last line of stdout: JSON with images per second after a warm-up, processor time for each, and threads.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from raasid.config.build import build
from raasid.config.compose import compose
from raasid.datasets.ball.datamodule import build_ball_datamodule
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.fit import fit


class Clock(pl.Callback):
    """Times the steps after a warm-up."""

    def __init__(self, warm_up: int) -> None:
        self.warm_up, self.began, self.ended = warm_up, (0.0, 0.0), (0.0, 0.0)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Note when the warm-up was over, and every later step."""
        self.ended = time.perf_counter(), time.process_time()
        if trainer.global_step == self.warm_up:
            self.began = self.ended


def overrides(args: argparse.Namespace, folder: Path) -> list[str]:
    """What `raasid train` would be given: square inputs of the peer's size, cut from frames as high."""
    width = args.size * 16 // 9 // 32 * 32
    return [
        "model=ball_yolo",
        f"model.net={args.net}",
        "data=yolo",
        "data.league=null",
        f"data.root={args.root}",
        f"data.size=[{width},{args.size}]",
        f"data.crop={args.size}",
        f"data.batch_size={args.batch}",
        f"data.num_workers={args.workers}",
        "data.holdout=0",
        "data.hard_negatives=0",
        *([f"data.augment.mosaic={args.mosaic}"] if args.mosaic else []),
        "scheduler=constant",
        "trainer.accelerator=cpu",
        "trainer.max_epochs=-1",
        f"trainer.max_steps={args.warm_up + args.steps}",
        "trainer.limit_val_batches=0",
        f"paths.root={folder}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--net", default="yolo26n.yaml")
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--mosaic", type=float, default=0.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--steps", type=int, required=True)
    args = parser.parse_args()
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    said, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cfg = compose("train", TrainConfig, overrides(args, folder))
        pl.seed_everything(cfg.seed, workers=True, verbose=False)
        model = build(cfg.model)
        clock = Clock(args.warm_up)
        fit(cfg, model, build_ball_datamodule(cfg.data, cfg.paths, cfg.seed, model.frames), folder, [clock])
    images = args.batch * args.steps
    wall, processor = (end - begin for begin, end in zip(clock.began, clock.ended, strict=True))
    figures = {
        "images_per_s": images / wall,
        "cpu_ms": 1000 * processor / images,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(figures), file=said)


if __name__ == "__main__":
    main()
