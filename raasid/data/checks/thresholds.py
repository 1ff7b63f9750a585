"""What counts as wrong: scale-free numbers, so that they hold for small and large frames."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The measures of single checks; the configuration section `thresholds` has the same fields."""

    dark: float = 0.06
    """Black: the brightest hundredth of the pixels is below this (1 is white)."""
    uniform: float = 0.012
    """Uniform: the standard deviation of brightness is below this."""
    sharpness: float = 0.11
    """Blurred: curvature over slope at the strongest edges is below this; in focus it is 0.3 or more."""
    still: float = 0.014
    """Frozen: no field of the picture changes by more than this."""
    noise: float = 0.0044
    """Frozen: nor does the whole on average by more than this; a live camera is never without noise."""
    hash_bits: int = 8
    """Of 64 bits of the perceptual hash: more differ, and two frames are not compared further."""
    same: float = 0.018
    """Two frames are one picture if their thumbnails differ by less than this, gain and offset apart."""
    near: float = 0.03
    """Across splits even this is too alike: a picture in another size, brightness and compression."""
    overhang: float = 0.01
    """Boxes may leave the frame by this share of its width and height."""
    outside_box: float = 0.25
    """Keypoints may lie outside their box by this share of its longer side."""
    limb: float = 1.8
    """A limb may be this much longer than the rest of the body lets expect."""
    overlap: float = 0.95
    """Two boxes are one if their intersection over union is above this."""
    gap_s: float = 1.0
    """A missing ball is looked for between frames that are at most this far apart, seconds."""
    ball_ratio: float = 2.5
    """A ball may be larger or smaller than around it by this factor."""
    ball_leap: float = 0.08
    """A ball may leave its path by this share of the frame's width."""
