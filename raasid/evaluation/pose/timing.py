"""How long a model looks at one picture."""

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

WARM_UP, TIMED = 3, 30


@dataclass(frozen=True, slots=True)
class Timing:
    """One frame at a time, from the picture in the device's memory to the people in ours."""

    frames_ms: tuple[float, ...]
    people: float
    """Mean number of people found in a frame."""
    device: str
    threads: int
    precision: str
    size: tuple[int, int]
    """Width and height of the picture that the model was given."""

    @classmethod
    def read(cls, tree: dict[str, Any]) -> Self:
        """From what `asdict` wrote into JSON."""
        return cls(**{**tree, "frames_ms": tuple(tree["frames_ms"]), "size": tuple(tree["size"])})

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @property
    def conditions(self) -> str:
        """What the figures hold for."""
        width, height = self.size
        where = (
            self.device
            if self.device != "cpu"
            else f"CPU, {self.threads} thread{'s' if self.threads > 1 else ''}"
        )
        return f"batch of 1, {width}×{height}, {self.precision}, {where}, {self.people:.1f} people a frame"

    def estimates(self, seed: int = 0) -> dict[str, Estimate]:
        """Median and 95th percentile over frames, milliseconds; intervals resample frames."""
        times = np.sort(np.array(self.frames_ms))
        draw = Resampling.draw(["one"] * len(times), seed, resamples=2000)
        drawn = np.array([np.repeat(times, row) for row in draw.weights.astype(int)])
        return {
            f"inference_time_p{share}": draw.estimate(
                float(np.percentile(times, share)), np.percentile(drawn, share, axis=1)
            )
            for share in (50, 95)
        }


def time_frames(trainer: pl.Trainer, model: PoseModule, images: Sequence[Tensor]) -> Timing:
    """Let the model look at pictures one by one, after a warm-up; images: (H, W, 3) uint8, at least one.

    Every process looks equally often, because a sharded model looks only together.
    """
    on_gpu = model.device.type == "cuda"
    times, people = [], 0
    with torch.inference_mode(), trainer.precision_plugin.forward_context():
        for turn in range(WARM_UP + TIMED):
            picture = images[turn % len(images)][None].to(model.device)
            if on_gpu:
                torch.cuda.synchronize()
            began = time.perf_counter()
            found = model.look(picture)[0]
            if on_gpu:
                torch.cuda.synchronize()
            if turn >= WARM_UP:
                times.append(1000 * (time.perf_counter() - began))
                people += len(found.score)
    height, width = images[0].shape[:2]
    return Timing(
        frames_ms=tuple(round(t, 3) for t in times),
        people=people / TIMED,
        device=torch.cuda.get_device_name(model.device) if on_gpu else "cpu",
        threads=torch.get_num_threads(),
        precision=str(trainer.precision),
        size=(width, height),
    )
