"""Training windows varied: mirrored, nearer or further, earlier or later, with a detector's errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from raasid.datasets.context.sample_meta import ClipRef
from raasid.footage.keypoints import FLIP_INDICES
from raasid.tracks.track_arrays import ClipTracks

Errors = Callable[[ClipTracks, np.random.Generator], ClipTracks]
"""What a detector would have made of annotated tracks."""
_OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Vary:
    """How much training clips are varied."""

    flip: float = 0.5
    """Probability of a mirror image; left and right change names."""
    zoom: float = 0.2
    """Pixels are scaled by exp(u), u uniform within plus or minus this."""
    shift: int = 3
    """Frames by which the window's middle is moved, at most."""

    def __call__(
        self, tracks: ClipTracks, ref: ClipRef, rng: np.random.Generator
    ) -> tuple[ClipTracks, ClipRef, int]:
        """The clip varied, its labels, and by how many frames to move the window."""
        if rng.random() < self.flip:
            tracks, ref = mirrored(tracks), replace(ref, side=_OTHER.get(ref.side, ref.side))
        tracks = scaled(tracks, float(np.exp(rng.uniform(-self.zoom, self.zoom))))
        return tracks, ref, int(rng.integers(-self.shift, self.shift + 1))


def mirrored(tracks: ClipTracks) -> ClipTracks:
    """The clip in a mirror; what is not known stays 0."""
    width = float(tracks.size[0])
    ball, boxes = tracks.ball.copy(), tracks.boxes.copy()
    joints = tracks.joints[:, :, list(FLIP_INDICES)].copy()
    ball[:, 0] = np.where(tracks.ball_known, width - ball[:, 0], 0)
    boxes[..., 0] = np.where(tracks.present, width - boxes[..., 0] - boxes[..., 2], 0)
    joints[..., 0] = np.where(joints[..., 2] > 0, width - joints[..., 0], 0)
    return replace(tracks, ball=ball, boxes=boxes, joints=joints)


def scaled(tracks: ClipTracks, factor: float) -> ClipTracks:
    """The clip in pixels `factor` times as many."""
    both = np.array([factor, factor, 1.0], np.float32)
    width, height = tracks.size
    return replace(
        tracks,
        size=(round(width * factor), round(height * factor)),
        ball=tracks.ball * np.float32(factor),
        boxes=tracks.boxes * np.float32(factor),
        joints=tracks.joints * both,
    )
