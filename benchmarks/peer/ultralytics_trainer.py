"""ultralytics' own trainer on a YOLO folder, for comparison: as it ships, in a process of its own.

Last line of stdout: JSON. With --steps, `images_per_s` after a warm-up; with --seconds, what the trained
net finds on the held-out images, written to --out as {file: [[x, y, width, height, score, joints …], …]};
joints are x, y and confidence of each keypoint, for nets that have any.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


class Enough(Exception):
    """The steps that were asked for are done."""


class Clock:
    """Times the trainer's steps after a warm-up and ends the training."""

    def __init__(self, warm_up: int, steps: int, batch: int, threads: int | None) -> None:
        self.warm_up, self.steps, self.batch, self.threads = warm_up, steps, batch, threads
        self.done, self.began = 0, (0.0, 0.0)

    def on_train_start(self, trainer: Any) -> None:
        """Give it as many threads as the other side has; the trainer itself leaves one core free."""
        import torch

        if self.threads is not None:
            torch.set_num_threads(self.threads)

    def on_train_batch_end(self, trainer: Any) -> None:
        """Count."""
        self.done += 1
        if self.done == self.warm_up:
            self.began = time.perf_counter(), time.process_time()
        if self.done == self.warm_up + self.steps:
            raise Enough

    def report(self) -> dict[str, float]:
        """Images per second over the timed steps, processor time for each, and the threads that computed."""
        import torch

        images = self.batch * self.steps
        wall, processor = time.perf_counter() - self.began[0], time.process_time() - self.began[1]
        return {
            "images_per_s": images / wall,
            "cpu_ms": 1000 * processor / images,
            "threads": torch.get_num_threads(),
        }


def prepare(folder: Path) -> None:
    """Keep the library offline and its files in `folder`, before it is imported."""
    os.environ |= {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0", "YOLO_CONFIG_DIR": str(folder)}
    os.environ["WANDB_MODE"] = "disabled"
    import matplotlib as mpl

    (folder / "Ultralytics").mkdir()
    font = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    shutil.copy(font, folder / "Ultralytics" / "Arial.ttf")  # else it looks for the network


def timed(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Train for a number of steps; nothing is validated, saved or drawn."""
    from ultralytics import YOLO

    clock = Clock(args.warm_up, args.steps, args.batch, args.threads)
    model = YOLO(args.net)
    model.add_callback("on_train_start", clock.on_train_start)
    model.add_callback("on_train_batch_end", clock.on_train_batch_end)
    try:
        model.train(
            data=str(args.root / "data.yaml"),
            imgsz=args.size,
            batch=args.batch,
            workers=args.workers,
            epochs=10_000,
            mosaic=args.mosaic,
            close_mosaic=0,
            rect=args.rect,
            optimizer="AdamW",  # as on the other side; "auto" would take a dearer one for so many epochs
            device="cpu",
            pretrained=False,
            val=False,
            save=False,
            plots=False,
            project=str(folder),
        )
    except Enough:
        return clock.report()
    raise SystemExit("the trainer ended before the steps were done")


def trained(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Train for a time with the trainer's own defaults, then look at the held-out images."""
    from ultralytics import YOLO

    model = YOLO(args.net)
    model.train(
        data=str(args.root / "data.yaml"),
        imgsz=args.size,
        batch=args.batch,
        workers=args.workers,
        time=args.seconds / 3600,
        device="cpu",
        pretrained=False,
        plots=False,
        project=str(folder),
        name="run",
    )
    weights = next(
        f for f in (folder / "run" / "weights" / name for name in ("best.pt", "last.pt")) if f.exists()
    )
    found: dict[str, list[list[float]]] = {}
    net = YOLO(weights)
    named = (
        json.loads(args.look.read_text()) if args.look else sorted((args.root / "images" / "val").iterdir())
    )
    for image in named:
        result = net.predict(
            image, imgsz=args.size, conf=0.001, max_det=args.most, device="cpu", verbose=False
        )[0]
        rows = zip(result.boxes.xywh.tolist(), result.boxes.conf.tolist(), strict=True)
        joints = [] if result.keypoints is None else result.keypoints.data.flatten(1).tolist()
        found[str(image) if args.look else image.name] = [
            [*xywh, score, *(joints[row] if joints else ())] for row, (xywh, score) in enumerate(rows)
        ]
    args.out.write_text(json.dumps(found))
    return {"images": len(found)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--net", default="yolo26n.yaml")
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--mosaic", type=float, default=1.0)
    parser.add_argument("--rect", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--look", type=Path, help="JSON list of images; else those of the val split")
    parser.add_argument("--most", type=int, default=20, help="objects in an image")
    args = parser.parse_args()
    said, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        result = timed(args, folder) if args.steps else trained(args, folder)
    print(json.dumps(result), file=said)


if __name__ == "__main__":
    main()
