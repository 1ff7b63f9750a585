"""Every kind of finding: what it is called and what it means to a reader of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
