"""Samples to batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from raasid.data.ball.batch import BallBatch
from raasid.data.ball.frames import Sample


def collate(samples: Sequence[Sample]) -> BallBatch:
    """Stack samples of one size; balls are padded to as many rows as the fullest sample has."""
    images, balls, scales, refs = zip(*samples, strict=True)
    room = max(1, *(len(rows) for rows in balls))
    padded = np.zeros((len(samples), room, 4), np.float32)
    present = np.zeros((len(samples), room), bool)
    for i, rows in enumerate(balls):
        padded[i, : len(rows)] = rows
        present[i, : len(rows)] = True
    return BallBatch(
        torch.from_numpy(np.stack(images)),
        torch.from_numpy(padded),
        torch.from_numpy(present),
        torch.tensor(scales, dtype=torch.float32),
        tuple(refs),
    )
