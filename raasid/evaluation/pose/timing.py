"""Inference time of a pose model on single images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from raasid.models.pose.module import PoseModule
from raasid.stats.bootstrap import Estimate, Resampling

NUM_WARM_UP, NUM_TIMED = 3, 30


@dataclass(frozen=True, slots=True)
class InferenceTiming:
    """Times of single frames, from the image in the device's memory to the people in the host's."""

    frames_ms: tuple[float, ...]
    people: float
    """Mean number of people found per frame."""
    device: str
    threads: int
    precision: str
    size: tuple[int, int]
    """Width and height of the model's input image."""

    @classmethod
    def from_plain(cls, tree: dict[str, Any]) -> Self:
        """Undo `to_plain`."""
        return cls(**{**tree, "frames_ms": tuple(tree["frames_ms"]), "size": tuple(tree["size"])})

    def to_plain(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @property
    def conditions(self) -> str:
        """The conditions that the times hold for."""
        width, height = self.size
        device = (
            self.device
            if self.device != "cpu"
            else f"CPU, {self.threads} thread{'s' if self.threads > 1 else ''}"
        )
        return f"batch of 1, {width}×{height}, {self.precision}, {device}, {self.people:.1f} people a frame"

    def estimates(self, seed: int = 0) -> dict[str, Estimate]:
        """Estimate median and 95th percentile over frames, milliseconds; intervals resample frames."""
        times = np.sort(np.array(self.frames_ms))
        draw = Resampling.draw(["one"] * len(times), seed, num_resamples=2000)
        resampled = np.array([np.repeat(times, row) for row in draw.weights.astype(int)])
        return {
            f"inference_time_p{percentile}": draw.estimate(
                float(np.percentile(times, percentile)), np.percentile(resampled, percentile, axis=1)
            )
            for percentile in (50, 95)
        }


def measure_inference_time(
    trainer: pl.Trainer, model: PoseModule, images: Sequence[Tensor]
) -> InferenceTiming:
    """Time the model on single images, after a warm-up; images: (H, W, 3) uint8, at least one.

    Every process runs equally often, because the processes of a sharded model must run together.
    """
    on_gpu = model.device.type == "cuda"
    times, people = [], 0
    with torch.inference_mode(), trainer.precision_plugin.forward_context():
        for repetition in range(NUM_WARM_UP + NUM_TIMED):
            image = images[repetition % len(images)][None].to(model.device)
            if on_gpu:
                torch.cuda.synchronize()
            start = time.perf_counter()
            people_found = model.predict(image)[0]
            if on_gpu:
                torch.cuda.synchronize()
            if repetition >= NUM_WARM_UP:
                times.append(1000 * (time.perf_counter() - start))
                people += len(people_found.score)
    height, width = images[0].shape[:2]
    return InferenceTiming(
        frames_ms=tuple(round(t, 3) for t in times),
        people=people / NUM_TIMED,
        device=torch.cuda.get_device_name(model.device) if on_gpu else "cpu",
        threads=torch.get_num_threads(),
        precision=str(trainer.precision),
        size=(width, height),
    )
