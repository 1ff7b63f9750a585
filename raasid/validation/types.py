"""Findings and their kinds, and the interface of a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from raasid.escaping import printable
from raasid.footage.records import Clip
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import Thresholds

Severity = Literal["error", "warning"]
Box = tuple[float, float, float, float]
"""Left, top, width, height in frame pixels."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, where, and by how much. The field names are those in the JSON files."""

    kind: str
    """A key of `KINDS`."""
    clip: str
    """Clip id."""
    frame: int | None
    """`Frame.index`; None for a finding about a whole clip or all footage."""
    message: str
    """One sentence with the observed value."""
    track: int | None = None
    path: str = ""
    """The media file."""
    value: float | None = None
    limit: float | None = None
    """The threshold that `value` violates."""
    severity: Severity = "error"
    frames: int = 1
    """How many frames are affected; more than one for a whole clip or all footage."""
    place: Box | None = None
    """Where in the frame to look."""
    other: tuple[str, int] | None = None
    """Clip and frame of the other one of two frames."""

    def __post_init__(self) -> None:
        for name in ("message", "path"):
            object.__setattr__(self, name, printable(getattr(self, name)))


Category = Literal["reading", "quality", "annotations", "leakage"]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A kind of finding; the limit of the same name in the configuration says how much is tolerated."""

    station: Category
    title: str
    meaning: str
    paired: bool = False
    """Whether it is about two frames, which the report shows side by side."""


KINDS: dict[str, FindingKind] = {
    "left_out": FindingKind("reading", "Left out", "The reader could not use it."),
    "missing_media": FindingKind("quality", "No media", "The annotation names a file that is not there."),
    "unreadable": FindingKind(
        "quality", "Unreadable", "The file is empty, truncated, absurdly large, or no image."
    ),
    "wrong_extension": FindingKind(
        "quality", "Wrong extension", "The file's name says one format, its content another."
    ),
    "wrong_size": FindingKind("quality", "Wrong size", "The image does not have the annotated size."),
    "black": FindingKind("quality", "Black or uniform", "There is nothing to see."),
    "blurred": FindingKind("quality", "Blurred", "Even the strongest edges are soft."),
    "frozen": FindingKind("quality", "Frozen", "The same image as the previous frame.", paired=True),
    "duplicate": FindingKind(
        "quality", "Duplicate", "The same image as another frame that is not adjacent.", paired=True
    ),
    "not_finite": FindingKind("annotations", "Not a number", "A coordinate is NaN or infinite."),
    "no_size": FindingKind("annotations", "Box without size", "A width or height that is not positive."),
    "box_outside": FindingKind("annotations", "Box outside", "A box that leaves the frame."),
    "keypoint_outside_box": FindingKind(
        "annotations", "Keypoint outside its box", "A joint far from its own person."
    ),
    "impossible_skeleton": FindingKind(
        "annotations", "Impossible skeleton", "A limb longer than the body allows."
    ),
    "swapped_sides": FindingKind(
        "annotations", "Left and right swapped", "Wrists, or all joints, that change sides."
    ),
    "missing_ball": FindingKind(
        "annotations", "Missing ball", "No ball is labelled where the frames around have one."
    ),
    "ball_size": FindingKind(
        "annotations", "Ball size", "A ball much larger or smaller than in the frames around."
    ),
    "ball_jump": FindingKind("annotations", "Ball jump", "A ball that leaves its path for one frame."),
    "duplicate_box": FindingKind("annotations", "Duplicate box", "Two boxes for one object."),
    "unknown_name": FindingKind("annotations", "Unknown name", "An unknown role, body segment or fact."),
    "bad_contact": FindingKind(
        "annotations", "Contact without partner", "A contact whose frame or person is not there."
    ),
    "match_in_two_splits": FindingKind("leakage", "Match in two splits", "Training data is also tested on."),
    "near_identical_across_splits": FindingKind(
        "leakage", "Same frame in two splits", "A test image that is also in training.", paired=True
    ),
}
"""In the order in which tables list them."""


@dataclass(frozen=True, slots=True)
class CheckInput:
    """What a check receives."""

    clips: Sequence[Clip]
    images: ImageStatsIndex
    splits: Mapping[str, Sequence[str]]
    """Split name -> clip ids; empty if the footage cannot be split."""
    thresholds: Thresholds


class Check(Protocol):
    """Yields findings in the order of clips and frames."""

    def __call__(self, data: CheckInput) -> Iterator[Finding]:
        """Check the footage."""
        ...
