"""Augmentation of training windows: mirrored, scaled, and shifted in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from raasid.datasets.context.sample_meta import ClipRef
from raasid.footage.keypoints import FLIP_INDICES
from raasid.tracks.track_arrays import ClipTracks

TrackPerturbation = Callable[[ClipTracks, np.random.Generator], ClipTracks]
"""Turns annotated tracks into tracks with the errors of detectors."""
_OPPOSITE = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class WindowAugmentation:
    """Strength of the variations of training clips."""

    flip: float
    """Probability of mirroring; left and right are exchanged."""
    zoom: float
    """Pixels are scaled by exp(u), u uniform within plus or minus this."""
    shift: int
    """Largest number of frames by which the window's middle is moved."""

    def __call__(
        self, tracks: ClipTracks, ref: ClipRef, rng: np.random.Generator
    ) -> tuple[ClipTracks, ClipRef, int]:
        """Return the varied clip, its labels, and the number of frames by which to move the window."""
        if rng.random() < self.flip:
            tracks, ref = mirror_tracks(tracks), replace(ref, side=_OPPOSITE.get(ref.side, ref.side))
        tracks = scale_tracks(tracks, float(np.exp(rng.uniform(-self.zoom, self.zoom))))
        return tracks, ref, int(rng.integers(-self.shift, self.shift + 1))


def mirror_tracks(tracks: ClipTracks) -> ClipTracks:
    """Return the mirror image of a clip; unknown positions stay 0."""
    width = float(tracks.size[0])
    ball, boxes = tracks.ball.copy(), tracks.boxes.copy()
    joints = tracks.joints[:, :, list(FLIP_INDICES)].copy()
    ball[:, 0] = np.where(tracks.ball_known, width - ball[:, 0], 0)
    boxes[..., 0] = np.where(tracks.present, width - boxes[..., 0] - boxes[..., 2], 0)
    joints[..., 0] = np.where(joints[..., 2] > 0, width - joints[..., 0], 0)
    return replace(tracks, ball=ball, boxes=boxes, joints=joints)


def scale_tracks(tracks: ClipTracks, factor: float) -> ClipTracks:
    """Return the clip with all pixel coordinates and sizes multiplied by `factor`."""
    xy_only = np.array([factor, factor, 1.0], np.float32)
    width, height = tracks.size
    return replace(
        tracks,
        size=(round(width * factor), round(height * factor)),
        ball=tracks.ball * np.float32(factor),
        boxes=tracks.boxes * np.float32(factor),
        joints=tracks.joints * xy_only,
    )
