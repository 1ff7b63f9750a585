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
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import Thresholds

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
class FindingKind:
    """A sort of finding. The limit of the same name in the configuration says how much is tolerated."""

    station: Station
    title: str
    meaning: str
    paired: bool = False
    """Whether it concerns two frames, which are shown side by side."""


KINDS: dict[str, FindingKind] = {
    "left_out": FindingKind("reading", "Left out", "The reader could not use it."),
    "missing_media": FindingKind("quality", "No media", "The annotation names a file that is not there."),
    "unreadable": FindingKind(
        "quality", "Unreadable", "The file is empty, torn, absurdly large, or no picture."
    ),
    "wrong_extension": FindingKind(
        "quality", "Wrong extension", "The file's name says one format, its content another."
    ),
    "wrong_size": FindingKind("quality", "Wrong size", "The picture is not as large as its annotation says."),
    "black": FindingKind("quality", "Black or uniform", "There is nothing to see."),
    "blurred": FindingKind("quality", "Blurred", "Even the strongest edges are soft."),
    "frozen": FindingKind("quality", "Frozen", "The same picture as the frame before.", paired=True),
    "duplicate": FindingKind(
        "quality", "Duplicate", "The same picture as another frame, not its neighbour.", paired=True
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
    "duplicate_box": FindingKind("annotations", "Duplicate box", "Two boxes for one thing."),
    "unknown_name": FindingKind(
        "annotations", "Unknown name", "A role, body segment or fact that nothing knows."
    ),
    "bad_contact": FindingKind(
        "annotations", "Contact without partner", "A contact whose frame or person is not there."
    ),
    "match_in_two_splits": FindingKind("leakage", "Match in two splits", "What is learned is also tested."),
    "near_identical_across_splits": FindingKind(
        "leakage", "Same frame in two splits", "A test picture that training has seen.", paired=True
    ),
}
"""In the order in which tables list them."""


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Footage under examination."""

    clips: Sequence[Clip]
    images: ImageStatsIndex
    splits: Mapping[str, Sequence[str]]
    """Split name -> clip ids; empty when there is no way to split."""
    thresholds: Thresholds


class Check(Protocol):
    """Yields what it finds, in the order of clips and frames."""

    def __call__(self, data: CheckInput) -> Iterator[Finding]:
        """Examine the footage."""
        ...
