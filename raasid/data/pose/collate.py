"""Samples to batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from raasid.data.pose.batch import CropBatch, PoseBatch
from raasid.data.pose.frames import PoseSample


def collate(samples: Sequence[PoseSample]) -> PoseBatch | CropBatch:
    """Stack samples of one size; those with crops become a CropBatch."""
    batch = PoseBatch(
        torch.from_numpy(np.stack([s.image for s in samples])),
        tuple(s.people.boxes for s in samples),
        tuple(s.people.keypoints for s in samples),
        torch.tensor([s.scale for s in samples], dtype=torch.float32),
        tuple(s.ref for s in samples),
        tuple(s.people.ignored for s in samples),
    )
    if samples[0].crops is None:
        return batch
    return CropBatch(
        batch,
        _joined([s.crops for s in samples]),
        _joined([s.joints for s in samples]),
        _joined([s.areas for s in samples]),
    )


def _joined(parts: Sequence[Any]) -> Tensor:
    return torch.from_numpy(np.concatenate([part for part in parts if part is not None]))
