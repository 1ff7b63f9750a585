"""Boxes and joints beside their places, by errors that last for some frames."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from raasid.data.keypoints import COUNT, FLIPPED
from raasid.data.tracks.chains import drift, heavy
from raasid.data.tracks.clip_tracks import Bools, ClipTracks, Floats

ARM_JOINTS = (5, 6, 7, 8, 9, 10)
"""Shoulders, elbows and wrists."""
SWAPPED = np.array([FLIPPED[j] if j in ARM_JOINTS else j for j in range(COUNT)])
"""Each joint's number where somebody's arms are taken for each other."""


def boxes_moved(tracks: ClipTracks, place: float, size: float, rng: Generator) -> Floats:
    """(P, T, 4) boxes; place: scale of the error in heights, size: of the logarithm of width and height."""
    people, frames = tracks.present.shape
    steps = drift(rng, 0.6, (frames, people, 4)).transpose(1, 0, 2)
    boxes = tracks.boxes.copy()
    grown = np.exp(np.float32(size) * steps[..., 2:])
    boxes[..., :2] += boxes[..., 2:] * (1 - grown) / 2
    boxes[..., :2] += np.float32(place) * tracks.boxes[..., 3:] * steps[..., :2]
    boxes[..., 2:] *= grown
    return boxes


def joints_moved(tracks: ClipTracks, scale: Floats, correlation: float, rng: Generator) -> Floats:
    """(P, T, 17, 3) joints; scale: (P, T, 17) of the error of each coordinate, in heights.

    All joints of a person in a frame are badly seen at once, or none.
    """
    people, frames = tracks.present.shape
    joints = tracks.joints.copy()
    pixels = scale * tracks.boxes[..., 3:] * heavy(rng, correlation, (frames, people)).T[..., None]
    steps = drift(rng, correlation, (frames, people, COUNT, 2)).transpose(1, 0, 2, 3)
    joints[..., :2] += pixels[..., None].astype(np.float32) * steps
    return joints


def arms_swapped(joints: Floats, swapped: Bools) -> Floats:
    """(P, T, 17, 3) with left and right arm exchanged where (P, T) says so."""
    return np.asarray(np.where(swapped[..., None, None], joints[:, :, SWAPPED], joints), np.float32)
