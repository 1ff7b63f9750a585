"""Config group `model`: one section per model class, and the section that a checkpoint or package records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
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
from raasid.errors import UsageError


class TrainableModelConfig(ClassSection):
    """A model that can start from the weights of an earlier one."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    init_from: File | None = None
    """Checkpoint whose matching weights the training starts from."""


class BaselineModelConfig(ClassSection):
    """A model that is not trained."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    init_from: None = None


class BallHeatmapConfig(TrainableModelConfig, target="raasid.models.ball.heatmap.BallHeatmap"):
    """A small fully convolutional net that predicts a heatmap of ball centres."""

    channels: Annotated[int, Ge(4)] = 16
    """Width of the first stage."""
    frames: Literal[1, 3] = 1
    """3: the frame with the one before and the one after."""
    threshold: Probability | Literal["auto"] = "auto"
    """Operating point; auto: the lowest within max_false_positives on the selection split."""
    max_false_positives: NonNegative = 0.03
    """Per image, for the automatic threshold."""
    mirror: bool = False
    """Average the predictions for each image and its mirror image."""
    scales: tuple[Annotated[float, Ge(0.25), Le(4)], ...] = ()
    """Additional scales of the image to average over, relative to its size."""


class BallYoloConfig(TrainableModelConfig, target="raasid.models.ball.yolo.BallYolo"):
    """A detection net of ultralytics, built from its YAML and trained by our loop."""

    net: str = "yolo26n.yaml"
    weights: File | None = None
    """The user's own .pt file."""
    threshold: Probability | Literal["auto"] = "auto"
    max_false_positives: NonNegative = 0.03
    max_detections: Count = 10


class PoseTopDownConfig(TrainableModelConfig, target="raasid.models.pose.top_down.PoseTopDown"):
    """A person detector, and a net that reads the joints of each person from a crop."""

    channels: Annotated[int, Ge(8)] = 16
    """Width of the detector's first stage."""
    joint_channels: Annotated[int, Ge(8)] = 16
    """Width of the joints net's first stage."""
    crop: Size = (64, 96)
    """Width, height in pixels of the crops from which joints are read; multiples of 32."""
    margin: Annotated[float, Ge(1), Le(2)] = 1.25
    """A person's box, made this much larger, fills the crop."""
    scale: Annotated[float, Gt(0), Le(4)] = 0.5
    """Scale at which the detector sees an image."""
    rescan_scale: Annotated[float, Ge(0), Le(4)] = 1.5
    """Scale at which an image without people, or with small ones, is searched again; 0: it is not."""
    rescan_below_px: Annotated[float, Ge(0)] = 48.0
    """Median height in pixels below which people are small."""
    min_score: Probability = 0.1
    """Of a detection whose joints are read."""
    max_people: Count = 40
    """Per image."""
    nms_oks: Probability = 0.6
    """Two skeletons of a higher OKS are one person."""
    mirror: bool = True
    """Average the joints of each crop and its mirror image."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Crops are halved five times."""
        if any(edge % 32 for edge in self.crop):
            yield "crop", f"must be multiples of 32, but is {list(self.crop)}"


class PoseYoloConfig(TrainableModelConfig, target="raasid.models.pose.yolo.PoseYolo"):
    """A pose net of ultralytics, built from its YAML and trained by our loop."""

    net: str = "yolo11n-pose.yaml"
    weights: File | None = None
    """The user's own .pt file."""
    max_people: Count = 40
    """Per image."""
    min_score: Probability = 0.01
    nms_iou: Probability = 0.7
    """Two boxes of a higher IoU are one person; end-to-end nets need none."""


class PoseMediapipeConfig(BaselineModelConfig, target="raasid.models.pose.mediapipe_module.PoseMediapipe"):
    """MediaPipe's landmarker, one person at a time."""

    task_file: File
    """The user's own pose_landmarker_*.task."""


WindowFrames = Annotated[int, Ge(8), Le(128)]
WindowPlayers = Annotated[int, Ge(1), Le(8)]


class ContextTransformerConfig(
    TrainableModelConfig, target="raasid.models.context.transformer.ContextTransformer"
):
    """A transformer over tracks of the ball and of the players next to it."""

    frames: WindowFrames = 20
    """Length of a window, at 25 Hz."""
    players: WindowPlayers = 3
    """Players in a window, those next to the ball."""
    width: Annotated[int, Ge(8)] = 96
    layers: Count = 2
    heads: Count = 4
    alternatives: Count = 4
    """Components of the mixture that is predicted; within one, facts are independent."""
    dropout: Fraction = 0.1
    inputs: Literal["both", "ball", "pose"] = "both"
    """Part of the tracks that the net sees."""
    head: Literal["facts", "direct"] = "facts"
    """facts: the offence follows from them by the edition's clauses; direct: it is learned as such."""
    target_risk: Probability = 0.05
    """Share of wrong answers among those given that abstention has to keep to."""
    labels: Literal["law", "mvfoul"] = "law"
    """mvfoul: also the labels of its referees, kind of action, severity, handball."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Every attention head gets the same share of the width."""
        if self.width % self.heads:
            yield "width", f"must be a multiple of model.heads, {self.heads}, but is {self.width}"


class ContextGeometryConfig(BaselineModelConfig, target="raasid.models.context.baselines.ContextGeometry"):
    """The rule to beat: a ball on an arm segment, and the angle of the arm."""

    frames: WindowFrames = 20
    players: WindowPlayers = 3
    margin: Fraction = 0.02
    """Largest distance of the ball's edge from an arm that it touches, in heights of the player."""
    angle_deg: Positive = 42.0
    """From this angle to the trunk on, an arm makes the body bigger."""


class ContextMajorityConfig(BaselineModelConfig, target="raasid.models.context.baselines.ContextMajority"):
    """Always the most frequent decision of the training split."""


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
    """Parse the model section that a checkpoint or manifest recorded; raises `ConfigProblems`."""
    return parse_recorded(_Recorded, {"model": recorded}).model


_INITIAL_WEIGHTS = ("init_from", "weights")
"""Keys of files that a training starts from; what it ended with is in the file that records them."""
_LIBRARY_NET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.yaml")


class ForeignModel(UsageError):
    """A recorded model that would run code, or read a file, which the user has not named."""

    def __init__(self, reason: str, overrides: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.overrides = overrides
        """What allows it on the command line of a verb that has a `model` section."""


def read_recorded_model(recorded: Any, named: Model | None = None) -> Model:
    """Return the section of a recorded model, without the files that its training started from.

    recorded: from a checkpoint or a manifest, not trusted. named: the `model` section of the user's own
    configuration. Where both have the same `_target_`, a class of the user's own is allowed, its arguments
    being the recorded ones, and files such as a net's YAML are those that the user names.
    Raises ConfigProblems: no section of a model; ForeignModel.
    """
    section = recorded_model_config(recorded)
    vouched = named if named is not None and named.target == section.target else None
    if isinstance(section, CustomModelConfig):
        if vouched is None:
            raise ForeignModel(
                f"model._target_: {section.target[:120]!r} is no model of this program, "
                "and a file cannot name another class",
                f"+model._target_={section.target}",
            )
        return section
    update: dict[str, Any] = {key: None for key in _INITIAL_WEIGHTS if key in type(section).model_fields}
    section = section.model_copy(update=update)
    if vouched is not None:
        section = section.model_copy(update={key: getattr(vouched, key) for key in _other_files(section)})
    elif files := _other_files(section):
        value = str(getattr(section, files[0]))
        raise ForeignModel(
            f"model.{files[0]}: {value[:120]!r} is another file, and a recorded model is built without one",
            f"+model._target_={section.target} +model.{files[0]}=FILE",
        )
    return section


def _other_files(section: Model) -> list[str]:
    """Return the keys whose values are files that the model would be built from."""
    values = {key: getattr(section, key) for key in type(section).model_fields}
    return [
        key
        for key, value in values.items()
        if isinstance(value, Path) or (key == "net" and not _in_library(value))
    ]


def _in_library(net: str) -> bool:
    """Whether a net is one of the library for sure: a file of that name in this folder comes first."""
    return _LIBRARY_NET.fullmatch(net) is not None and not Path(net).exists()
