"""Config sections of validation: what counts as wrong, how much of it is tolerated, when footage has drifted.

This module is light: the schema of `raasid validate` imports it for `--cfg` and for checking overrides.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le

from raasid.config.section import Count, Fraction, NonNegative, Positive, Probability, Section

Limit = Fraction | None


class Limits(Section):
    """Largest tolerated share of the frames, for each kind of finding; null: any."""

    left_out: Limit = 0.02
    """Of frames and left-out entries together."""
    missing_media: Limit = 0.0
    unreadable: Limit = 0.0
    wrong_extension: Limit = None
    wrong_size: Limit = 0.0
    black: Limit = 0.02
    blurred: Limit = 0.05
    frozen: Limit = 0.05
    duplicate: Limit = 0.02
    not_finite: Limit = 0.0
    no_size: Limit = 0.0
    box_outside: Limit = 0.02
    keypoint_outside_box: Limit = 0.02
    impossible_skeleton: Limit = 0.02
    swapped_sides: Limit = 0.05
    missing_ball: Limit = 0.05
    ball_size: Limit = 0.05
    ball_jump: Limit = 0.02
    duplicate_box: Limit = 0.02
    unknown_name: Limit = 0.0
    bad_contact: Limit = 0.0
    match_in_two_splits: Limit = 0.0
    near_identical_across_splits: Limit = 0.0


class Thresholds(Section):
    """What counts as wrong; shares and ratios, so that they hold at any image size."""

    dark: Fraction = 0.06
    """Black: the brightest hundredth of the pixels is below this (1 is white)."""
    uniform: Fraction = 0.012
    """Uniform: the standard deviation of brightness is below this."""
    sharpness: NonNegative = 0.11
    """Blurred: curvature over slope at the strongest edges is below this; in focus it is 0.3 or more."""
    still: Fraction = 0.014
    """Frozen: no field of the image changes by more than this."""
    noise: Fraction = 0.0044
    """Frozen: nor does the whole on average by more than this; a live camera is never without noise."""
    hash_bits: Annotated[int, Ge(0), Le(64)] = 8
    """Two frames whose perceptual hashes differ in more of their 64 bits are not compared further."""
    same: Fraction = 0.018
    """Two frames are one image if their thumbnails differ by less than this, gain and offset apart."""
    near: Fraction = 0.03
    """Across splits even this is too similar: an image in another size, brightness and compression."""
    overhang: NonNegative = 0.01
    """Boxes may leave the frame by this share of its width and height."""
    outside_box: NonNegative = 0.25
    """Keypoints may lie outside their box by this share of its longer side."""
    limb: Annotated[float, Gt(1)] = 1.8
    """A limb may be this many times longer than the rest of the body suggests."""
    overlap: Fraction = 0.95
    """Two boxes are one if their intersection over union is above this."""
    gap_s: Positive = 1.0
    """A missing ball is searched for between balls that are at most this far apart, seconds."""
    ball_ratio: Annotated[float, Gt(1)] = 2.5
    """A ball may be larger or smaller than in the frames around by this factor."""
    ball_leap: Fraction = 0.08
    """A ball may leave its path by this share of the frame's width."""


class DriftRule(Section):
    """When a difference from the reference counts as drift."""

    effect: NonNegative = 0.10
    """Bias-corrected Wasserstein distance over the reference's standard deviation; of facts: a share."""
    alpha: Probability = 0.05
    """False discovery rate over all features (Benjamini and Hochberg)."""
    permutations: Count = 1999
    """Of whole matches, at least; too few matches for any verdict are reported as such."""
