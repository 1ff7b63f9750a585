"""The one internal record of footage: clip -> frames -> ball, persons; and what is known about them.

Coordinates are pixels of the stored frame, origin at the top left corner of the top left pixel,
x to the right and y down, so that a pixel's centre lies at (column + 0.5, row + 0.5).

What a reader gives: clips, the splits that the format declares, and what was left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Literal

from raasid.footage.quarantine import Quarantine
from raasid.laws.edition import Ruling

Tags = tuple[str, ...]
Role = Literal["player", "goalkeeper", "referee", "other"]
Fact = bool | int | float | str


class Visibility(IntEnum):
    """How much of a ball can be seen; its order is the order of certainty."""

    ABSENT = 0
    """Not in the picture: out of frame, or no ball in play."""
    HIDDEN = 1
    """In the picture but covered for the most part; its place is inferred."""
    PARTLY = 2
    BLURRED = 3
    CLEAR = 4


@dataclass(frozen=True, slots=True)
class AnnotationSource:
    """Who made a single annotation, where it was not the clip's annotator: a model, or a tool."""

    source: str
    """Model and version, such as `mediapipe/pose_landmarker_full`."""
    confidence: float
    """0 to 1, as the source states it."""
    reviewed: bool = False
    """Whether a person has confirmed it; what is not reviewed can be left out of training."""


@dataclass(frozen=True, slots=True)
class Ball:
    """One ball in one frame; (x, y) is its centre, (w, h) its box, all in pixels.

    w = h = 0: only the centre is known (formats that annotate points).
    """

    x: float
    y: float
    w: float
    h: float
    visibility: Visibility = Visibility.CLEAR
    mark: AnnotationSource | None = None

    @property
    def visible(self) -> bool:
        """Whether a detector may be asked for this ball."""
        return self.visibility >= Visibility.PARTLY


Keypoint = tuple[float, float, int]
"""x, y in pixels and COCO visibility: 0 not labelled, 1 labelled but hidden, 2 visible."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person in one frame.

    track: the same through one clip; frames without tracks number their persons 0, 1, …
    box: x, y of the top left corner, width, height, in pixels (COCO's `bbox`).
    keypoints: 17 in COCO's order, or none when nobody labelled them.
    """

    track: int
    role: Role
    box: tuple[float, float, float, float]
    team: str | None = None
    keypoints: tuple[Keypoint, ...] = ()
    area: float | None = None
    """Square pixels of the person's outline where somebody drew it; OKS needs it."""
    jersey: str | None = None
    pitch_xy_m: tuple[float, float] | None = None
    """Where the person stands: metres from the centre spot; x grows towards the right goal."""
    crowd: bool = False
    """A group that nobody took apart (COCO's `iscrowd`)."""
    mark: AnnotationSource | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a clip and what is annotated in it."""

    index: int
    """Position in the clip's own time base, at `Clip.frame_rate_hz`."""
    image: Path
    """An image file; or, with `in_video`, a video of which this is frame `index`, counted from 0.

    The file need not be there: many formats bring labels alone. `validate` says so, training leaves it out.
    """
    width: int
    """Pixels; width = height = 0 where neither the annotation nor the missing file tells."""
    height: int
    balls: tuple[Ball, ...] = ()
    """Every labelled ball; the match ball comes first."""
    persons: tuple[Person, ...] = ()
    tags: Tags = ()
    in_video: bool = False

    @property
    def ball(self) -> Ball | None:
        """The match ball, if a detector may be asked for it."""
        return self.balls[0] if self.balls and self.balls[0].visible else None


@dataclass(frozen=True, slots=True)
class Contact:
    """The moment in which the ball touches somebody."""

    frame: int
    person: int
    """Track of the touched person."""
    side: Literal["left", "right", "none"]
    segment: str
    """Body segment, as `laws.facts.Segment` names them."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in a clip: a pass, a throw-in, a foul."""

    frame: int
    """In the clip's time base, as `Frame.index`."""
    label: str
    """As the source calls it, in lower case with underscores."""
    team: str | None = None
    attributes: Tags = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a clip comes from and on whose word its annotation stands."""

    source: str
    license: str = "unknown"
    annotator: str = "unknown"
    reviewed: bool = False
    law_edition: str | None = None
    match: str = ""
    """Splits are by match; footage whose match is unknown counts as a match of its own."""
    season: str | None = None
    competition: str | None = None
    camera: str | None = None
    replay_speed: float = 1.0
    """How many times slower than life the clip runs (SoccerNet's sense). `Clip.frame_rate_hz` counts frames
    of a second of play: that of a replay is as many times higher."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Some seconds of one match, seen by one camera."""

    id: str
    frames: tuple[Frame, ...]
    provenance: Provenance
    frame_rate_hz: float = 25.0
    contact: Contact | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    """What was seen; the names that the Law cares for are those of `laws.facts.Facts`."""
    tags: Tags = ()
    events: tuple[Event, ...] = ()
    ruling: Ruling | None = None
    """As annotated, or as derived from the facts; `Ruling.edition` says by which wording."""

    @property
    def match(self) -> str:
        """The unit of splitting and of resampling."""
        return self.provenance.match or self.id


@dataclass(frozen=True, slots=True)
class Footage:
    """One data root, read.

    Every reader fills `clips` in the order of their ids, so that the same folder always reads the same.
    """

    clips: list[Clip]
    splits: dict[str, list[str]] = field(default_factory=dict)
    """Split name (`train`, `val`, `test`) -> clip ids; empty when the format declares none."""
    left_out: Quarantine = field(default_factory=Quarantine)
    notes: tuple[str, ...] = ()
    """What the user should know although nothing is left out, one sentence each."""
