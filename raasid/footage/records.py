"""The records of footage: clips, their frames, the ball and persons in each, and what is known of a clip.

Coordinates are pixels of the stored frame; the origin is the top left corner of the top left pixel, x points
right and y down, so that the centre of a pixel lies at (column + 0.5, row + 0.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Literal

from raasid.escaping import printable
from raasid.footage.quarantine import Quarantine
from raasid.laws.edition import Ruling

Tags = tuple[str, ...]
Role = Literal["player", "goalkeeper", "referee", "other"]
Fact = bool | int | float | str


_TEXTS = ("source", "license", "annotator", "law_edition", "match", "season", "competition", "camera")


class Visibility(IntEnum):
    """How much of a ball can be seen, in increasing order."""

    ABSENT = 0
    """Not in the image: out of frame, or no ball in play."""
    HIDDEN = 1
    """In the image but mostly covered; its position is inferred."""
    PARTLY = 2
    BLURRED = 3
    CLEAR = 4


@dataclass(frozen=True, slots=True)
class AnnotationSource:
    """The model or tool that made a single annotation, where it was not the clip's annotator."""

    name: str
    """Model and version, such as `mediapipe/pose_landmarker_full`."""
    confidence: float
    """0 to 1, as the source states it."""
    reviewed: bool = False
    """Whether a person has confirmed it; unreviewed annotations can be excluded from training."""


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
    source: AnnotationSource | None = None

    @property
    def visible(self) -> bool:
        """Whether a detector is expected to find this ball."""
        return self.visibility >= Visibility.PARTLY


Keypoint = tuple[float, float, int]
"""x, y in pixels and COCO visibility: 0 not labelled, 1 labelled but hidden, 2 visible."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person in one frame.

    track: id within the clip; frames without tracks number their persons 0, 1, …
    box: x, y of the top left corner, width, height, in pixels (COCO's `bbox`).
    keypoints: 17 in COCO's order, or empty if unlabelled.
    """

    track: int
    role: Role
    box: tuple[float, float, float, float]
    team: str | None = None
    keypoints: tuple[Keypoint, ...] = ()
    area: float | None = None
    """Square pixels of the person's annotated outline, None without one; OKS needs it."""
    jersey: str | None = None
    pitch_xy_m: tuple[float, float] | None = None
    """Position on the pitch: metres from the centre spot; x grows towards the right goal."""
    crowd: bool = False
    """A group annotated as one (COCO's `iscrowd`)."""
    source: AnnotationSource | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a clip with its annotations."""

    index: int
    """Position in the clip's own time base, at `Clip.frame_rate_hz`."""
    image: Path
    """An image file; or, with `in_video`, a video of which this is frame `index`, counted from 0.

    The file may be missing, as labels often come without images; `validate` reports it, training drops it.
    """
    width: int
    """Pixels; width = height = 0 if unknown (a missing file, and annotations that do not state its size)."""
    height: int
    balls: tuple[Ball, ...] = ()
    """Every labelled ball; the match ball comes first."""
    persons: tuple[Person, ...] = ()
    tags: Tags = ()
    in_video: bool = False

    @property
    def ball(self) -> Ball | None:
        """The match ball, if a detector is expected to find it."""
        return self.balls[0] if self.balls and self.balls[0].visible else None


@dataclass(frozen=True, slots=True)
class Contact:
    """The moment in which the ball touches a person."""

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
    """Where a clip comes from, and who annotated it."""

    source: str
    license: str = "unknown"
    annotator: str = "unknown"
    reviewed: bool = False
    law_edition: str | None = None
    match: str = ""
    """Splits are by match; empty: unknown, and the clip counts as a match of its own."""
    season: str | None = None
    competition: str | None = None
    camera: str | None = None
    replay_speed: float = 1.0
    """How many times slower than real time the clip runs (as SoccerNet defines it). `Clip.frame_rate_hz` is
    per second of play, and so as many times higher in a replay."""

    def __post_init__(self) -> None:
        for name in _TEXTS:  # they may be parts of file names
            if isinstance(value := getattr(self, name), str):
                object.__setattr__(self, name, printable(value))


@dataclass(frozen=True, slots=True)
class Clip:
    """Some seconds of one match, seen by one camera."""

    id: str
    """Printable: what a file name has that no text can have is escaped, see `escaping.printable`."""
    frames: tuple[Frame, ...]
    provenance: Provenance
    frame_rate_hz: float = 25.0
    contact: Contact | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    """Observations by name; `laws.facts.Facts` names those that the Laws use."""
    tags: Tags = ()
    events: tuple[Event, ...] = ()
    ruling: Ruling | None = None
    """As annotated, or as derived from the facts by the edition in `Ruling.edition`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", printable(self.id))

    @property
    def match(self) -> str:
        """The unit of splitting and of resampling."""
        return self.provenance.match or self.id


@dataclass(frozen=True, slots=True)
class Footage:
    """What a reader returns for one data root; clips are in the order of their ids."""

    clips: list[Clip]
    splits: dict[str, list[str]] = field(default_factory=dict)
    """Split name (`train`, `val`, `test`) -> clip ids; empty if the format declares none."""
    quarantine: Quarantine = field(default_factory=Quarantine)
    """Samples that the reader rejected."""
    notes: tuple[str, ...] = ()
    """Remarks for the user on samples that were not rejected, one sentence each."""
    media: Mapping[Path, str] = field(default_factory=dict)
    """SHA-256 of the files that were verified."""
    dataset: Mapping[str, str] = field(default_factory=dict)
    """Reference and digest of the stored version, for the lineage; empty for other sources."""

    def __post_init__(self) -> None:
        splits = {split: list(map(printable, ids)) for split, ids in self.splits.items()}
        object.__setattr__(self, "splits", splits)
        object.__setattr__(self, "notes", tuple(map(printable, self.notes)))
