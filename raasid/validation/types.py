"""One thing that a check found.

Every kind of finding: what it is called and what it means to a reader of the report.

What a check is given.

What counts as wrong: scale-free numbers, so that they hold for small and large frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from raasid.footage.records import Clip
from raasid.validation.image_stats import Sight

Severity = Literal["error", "warning"]
Place = tuple[float, float, float, float]
"""Left, top, width, height in frame pixels."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and by how much."""

    kind: str
    """A key of `kinds.KINDS`."""
    clip: str
    """Clip id."""
    frame: int | None
    """`Frame.index`; None when the whole clip, or the whole footage, is meant."""
    message: str
    """One sentence for people, with the value seen."""
    track: int | None = None
    path: str = ""
    """The media file, as the record names it."""
    value: float | None = None
    limit: float | None = None
    """What `value` would have had to keep."""
    severity: Severity = "error"
    frames: int = 1
    """How many frames this concerns; more than one where a whole clip, or all footage, is meant."""
    place: Place | None = None
    """Where to look in the frame."""
    other: tuple[str, int] | None = None
    """Clip and frame of the second one, where two frames are concerned."""


Station = Literal["reading", "quality", "annotations", "leakage"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of finding. The limit of the same name in the configuration says how much is tolerated."""

    station: Station
    title: str
    meaning: str
    paired: bool = False
    """Whether it concerns two frames, which are shown side by side."""


KINDS: dict[str, Kind] = {
    "left_out": Kind("reading", "Left out", "The reader could not use it."),
    "missing_media": Kind("quality", "No media", "The annotation names a file that is not there."),
    "unreadable": Kind("quality", "Unreadable", "The file is empty, torn, absurdly large, or no picture."),
    "wrong_extension": Kind(
        "quality", "Wrong extension", "The file's name says one format, its content another."
    ),
    "wrong_size": Kind("quality", "Wrong size", "The picture is not as large as its annotation says."),
    "black": Kind("quality", "Black or uniform", "There is nothing to see."),
    "blurred": Kind("quality", "Blurred", "Even the strongest edges are soft."),
    "frozen": Kind("quality", "Frozen", "The same picture as the frame before.", paired=True),
    "duplicate": Kind(
        "quality", "Duplicate", "The same picture as another frame, not its neighbour.", paired=True
    ),
    "not_finite": Kind("annotations", "Not a number", "A coordinate is NaN or infinite."),
    "no_size": Kind("annotations", "Box without size", "A width or height that is not positive."),
    "box_outside": Kind("annotations", "Box outside", "A box that leaves the frame."),
    "keypoint_outside_box": Kind(
        "annotations", "Keypoint outside its box", "A joint far from its own person."
    ),
    "impossible_skeleton": Kind("annotations", "Impossible skeleton", "A limb longer than the body allows."),
    "swapped_sides": Kind(
        "annotations", "Left and right swapped", "Wrists, or all joints, that change sides."
    ),
    "missing_ball": Kind(
        "annotations", "Missing ball", "No ball is labelled where the frames around have one."
    ),
    "ball_size": Kind("annotations", "Ball size", "A ball much larger or smaller than in the frames around."),
    "ball_jump": Kind("annotations", "Ball jump", "A ball that leaves its path for one frame."),
    "duplicate_box": Kind("annotations", "Duplicate box", "Two boxes for one thing."),
    "unknown_name": Kind("annotations", "Unknown name", "A role, body segment or fact that nothing knows."),
    "bad_contact": Kind(
        "annotations", "Contact without partner", "A contact whose frame or person is not there."
    ),
    "match_in_two_splits": Kind("leakage", "Match in two splits", "What is learned is also tested."),
    "near_identical_across_splits": Kind(
        "leakage", "Same frame in two splits", "A test picture that training has seen.", paired=True
    ),
}
"""In the order in which tables list them."""


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


@dataclass(frozen=True, slots=True)
class Subject:
    """Footage under examination."""

    clips: Sequence[Clip]
    sight: Sight
    splits: Mapping[str, Sequence[str]]
    """Split name -> clip ids; empty when there is no way to split."""
    thresholds: Thresholds


class Check(Protocol):
    """Yields what it finds, in the order of clips and frames."""

    def __call__(self, subject: Subject) -> Iterator[Finding]:
        """Examine the footage."""
        ...
