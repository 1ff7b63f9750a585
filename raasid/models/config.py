"""Group `model`: which net does the work.

Group `model`: nets that look for the ball.

Group `model`: nets that find players and their joints.

Group `model`: what judges a touch from tracks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from raasid.config.section import (
    BY_TARGET,
    ClassSection,
    Count,
    CustomClassConfig,
    File,
    Fraction,
    NonNegative,
    Positive,
    Probability,
    Section,
    Size,
)
from raasid.config.validation import parse_recorded


class BallHeatmapConfig(ClassSection, target="raasid.models.ball.heatmap.BallHeatmap"):
    """A small fully convolutional net that draws a heatmap of ball centres."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    channels: Annotated[int, Ge(4)] = 16
    """Width of the first stage."""
    frames: Literal[1, 3] = 1
    """3: the frame with the one before and the one after."""
    threshold: Probability | Literal["auto"] = "auto"
    """Operating point; auto: the lowest within max_false_positives on the selection split."""
    max_false_positives: NonNegative = 0.03
    """Per image; what the automatic threshold keeps to."""
    mirror: bool = False
    """Look at pictures and at their mirror images, and average."""
    scales: tuple[Annotated[float, Ge(0.25), Le(4)], ...] = ()
    """Further scales to look at, as shares of the picture's size."""
    init_from: File | None = None
    """A checkpoint whose weights are the start."""


class BallYoloConfig(ClassSection, target="raasid.models.ball.yolo.BallYolo"):
    """A detection net of ultralytics, built from its YAML and trained by our loop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    net: str = "yolo26n.yaml"
    weights: File | None = None
    """The user's own .pt file."""
    threshold: Probability | Literal["auto"] = "auto"
    max_false_positives: NonNegative = 0.03
    max_detections: Count = 10
    init_from: File | None = None


class PoseTopDownConfig(ClassSection, target="raasid.models.pose.top_down.PoseTopDown"):
    """A finder of players, and a net that reads the joints of each from a crop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    channels: Annotated[int, Ge(8)] = 16
    """Width of the finder's first stage."""
    joint_channels: Annotated[int, Ge(8)] = 16
    """Width of the joints net's first stage."""
    crop: Size = (64, 96)
    """Width, height in pixels of the crops from which joints are read; multiples of 32."""
    margin: Annotated[float, Ge(1), Le(2)] = 1.25
    """A person's box, made this much larger, fills the crop."""
    scale: Annotated[float, Gt(0), Le(4)] = 0.5
    """The finder looks at pictures this much larger."""
    closer: Annotated[float, Ge(0), Le(4)] = 1.5
    """Where nobody is found, or only small people, it looks again at this scale; 0: it does not."""
    small: Annotated[float, Ge(0)] = 48.0
    """Median height in pixels below which people are small."""
    min_score: Probability = 0.1
    """Of a place, for a person to be read there."""
    max_people: Count = 40
    """Per picture."""
    same_person: Probability = 0.6
    """Two skeletons more alike than this (OKS) are one person."""
    mirror: bool = True
    """Read each crop and its mirror image, and average."""
    init_from: File | None = None
    """A checkpoint whose weights are the start."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Crops are halved five times."""
        if any(edge % 32 for edge in self.crop):
            yield "crop", f"must be multiples of 32, but is {list(self.crop)}"


class PoseYoloConfig(ClassSection, target="raasid.models.pose.yolo.PoseYolo"):
    """A pose net of ultralytics, built from its YAML and trained by our loop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    net: str = "yolo11n-pose.yaml"
    weights: File | None = None
    """The user's own .pt file."""
    max_people: Count = 40
    """Per picture."""
    min_score: Probability = 0.01
    nms_iou: Probability = 0.7
    """Two boxes that overlap more are one person; nets that answer once for each need none."""
    init_from: File | None = None


class PoseMediapipeConfig(ClassSection, target="raasid.models.pose.mediapipe_module.PoseMediapipe"):
    """MediaPipe's landmarker, one person at a time; measured, never trained."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    task_file: File
    """The user's own pose_landmarker_*.task."""
    init_from: None = None


Frames = Annotated[int, Ge(8), Le(128)]
Players = Annotated[int, Ge(1), Le(8)]


class ContextTransformerConfig(ClassSection, target="raasid.models.context.transformer.ContextTransformer"):
    """A transformer over tracks of the ball and of the players next to it."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    frames: Frames = 20
    """Of a window, at 25 Hz."""
    players: Players = 3
    """Of a window: those next to the ball."""
    width: Annotated[int, Ge(8)] = 96
    layers: Count = 2
    heads: Count = 4
    alternatives: Count = 4
    """Readings of a clip that are weighed against each other; within one, facts are independent."""
    dropout: Fraction = 0.1
    inputs: Literal["both", "ball", "pose"] = "both"
    """What of the tracks is looked at."""
    head: Literal["facts", "direct"] = "facts"
    """facts: the offence follows from them by the edition's clauses; direct: it is learned as such."""
    target_risk: Probability = 0.05
    """Share of wrong answers that the model keeps to by abstaining."""
    labels: Literal["law", "mvfoul"] = "law"
    """mvfoul: also what its referees labelled, kind of action, severity, handball."""
    init_from: File | None = None

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Every head of attention gets the same share of the width."""
        if self.width % self.heads:
            yield "width", f"must be a multiple of model.heads, {self.heads}, but is {self.width}"


class ContextGeometryConfig(ClassSection, target="raasid.models.context.baselines.ContextGeometry"):
    """The rule to beat: a ball on an arm segment, and the angle of the arm."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    frames: Frames = 20
    players: Players = 3
    margin: Fraction = 0.02
    """How far the ball's edge may be from an arm that it touches, in heights of the player."""
    angle_deg: Positive = 42.0
    """From this angle to the trunk on, an arm makes the body bigger."""
    init_from: None = None


class ContextMajorityConfig(ClassSection, target="raasid.models.context.baselines.ContextMajority"):
    """Always the commonest answer of the training split."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    init_from: None = None


class CustomModelConfig(CustomClassConfig):
    """A model class of the user's own."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    init_from: File | None = None


Model = Annotated[
    BallHeatmapConfig
    | BallYoloConfig
    | ContextGeometryConfig
    | ContextMajorityConfig
    | ContextTransformerConfig
    | PoseMediapipeConfig
    | PoseTopDownConfig
    | PoseYoloConfig
    | CustomModelConfig,
    BY_TARGET,
]


class _Recorded(Section):
    model: Model


def recorded_model_config(recorded: Mapping[str, Any]) -> Model:
    """Return what a checkpoint recorded about its model; raises `ConfigProblems` if it does not fit."""
    return parse_recorded(_Recorded, {"model": recorded}).model
