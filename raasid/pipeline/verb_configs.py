"""The configuration of each verb: one schema for the whole tree that `conf/<verb>.yaml` composes.

Schemas stand apart from the verbs because they are checked before anything heavy is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from raasid.collect.options import CollectOptions
from raasid.config.section import (
    PATHS_MUST_EXIST,
    Checkpoint,
    CheckpointOrVersion,
    Natural,
    PathsConfig,
    Probability,
    RegisteredVersion,
    Section,
)
from raasid.config.suggestions import did_you_mean
from raasid.datasets.source_configs import Data
from raasid.deploy.options import DeployConfig
from raasid.laws.edition_lookup import shipped_editions
from raasid.models.config import Model
from raasid.review.options import ReviewOptions
from raasid.training.config import FitConfig, TrainerConfig
from raasid.triggers.options import ActionOptions, RetrainOptions, TriggerConfig
from raasid.validation.options import DriftRule, Limits, Thresholds

Split = Literal["test", "val", "train"]
CheckSplit = Literal["test", "val", "train", "all"]


class TrainConfig(FitConfig):
    """`raasid train`."""

    without_effect: ClassVar[frozenset[str]] = FitConfig.without_effect | {"reason"}

    tags: list[str] = Field([])
    reason: str | None = None
    """Of the version and its alias; null: the command."""
    test: bool = True
    register_: bool = Field(True, alias="register")
    """At the end, register the model as a version with the alias `challenger`."""
    trigger: TriggerConfig | None = None
    """Train only if it asks for it, in the way of its action."""
    deploy: DeployConfig | None = None
    """Where a version goes that a trigger has asked for and that passes the gate."""
    retrain: ActionOptions = ActionOptions()
    """How the training follows from the trigger's action."""
    paths: PathsConfig = PathsConfig()

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Require the image size, which an evaluation takes from the checkpoint."""
        if self.data.size is None:
            yield "data.size", "is needed for training, e.g. 'data.size=[640,360]'"
        if self.data.eval_scale is None:
            yield "data.eval_scale", "is needed for training, e.g. 'data.eval_scale=1.0'"


class EvaluateConfig(Section):
    """`raasid evaluate`."""

    ckpt_path: Checkpoint | None = None
    """last, best (of the newest training), or a file; null for a model that is not trained."""
    version: RegisteredVersion | None = None
    """A registered model, NAME@REF: ball_model@champion, ball_model@v20261123.1."""
    register_: bool = Field(True, alias="register")
    """Add the metrics to that version."""
    model: Model | None = None
    """A model that needs no checkpoint: MediaPipe, a rule. With a checkpoint: the class of your own that it
    holds, or the net's YAML file, neither of which a file may choose."""
    against: CheckpointOrVersion | None = None
    """A baseline, NAME@REF or a file: measured on the same samples and shown next to this model, its images
    as large as in its own training."""
    data: Data
    split: Split = "test"
    threshold: Probability | None = None
    """null: the operating point that the checkpoint brings."""
    trainer: TrainerConfig = TrainerConfig()
    seed: Natural = 1
    """Of the confidence intervals."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Require exactly one model."""
        if self.ckpt_path is None and self.version is None and self.model is None:
            yield (
                "ckpt_path",
                "is needed: last, best or a file; or version=NAME@REF; or model=NAME without weights",
            )
        if self.ckpt_path is not None and self.version is not None:
            yield "version", "names a model, and so does ckpt_path; give one of them"


class ExportConfig(Section):
    """`raasid export`."""

    ckpt_path: Checkpoint
    """last, best (of the newest training), or a file."""
    model: Model | None = None
    """The class of your own that the checkpoint holds, or the net's YAML file."""
    data: Data | None = None
    """Footage on which graph and model are compared; null: that of the training."""
    split: Split = "test"
    samples: Annotated[int, Ge(2), Le(64)] = 5
    """Number of samples of that split on which they are compared."""
    tolerance: Annotated[float, Gt(0), Le(0.01)] = 1e-4
    """Largest difference of an output that still counts as equal."""
    out: Path | None = None
    """Folder of the files; null: the run's own."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


class CheckConfig(Section):
    """`raasid check`."""

    trigger: TriggerConfig
    models: list[str] | None = None
    """Names of the registry; null: all of the schedule."""
    data: Data
    """Current footage: champions are measured on it, and its tags are compared with those they know."""
    split: CheckSplit = "test"
    """all: every match that the champion was not trained on; also if the data declare no held-out split."""
    trainer: TrainerConfig = TrainerConfig()
    seed: Natural = 1
    tags: list[str] = Field([])
    print_json: bool = False
    """Let the last line be the verdict as JSON, for programs; `--json` does the same."""
    paths: PathsConfig = PathsConfig()


class RetrainConfig(CheckConfig):
    """`raasid retrain`."""

    retrain: RetrainOptions = RetrainOptions()
    deploy: DeployConfig | None = None


class CollectConfig(Section):
    """`raasid collect`."""

    source: str | list[str]
    """Files, folders, patterns, lists (`@list.txt`), URLs."""
    collect: CollectOptions = CollectOptions()
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


class ImportConfig(Section):
    """`raasid import`."""

    name: str
    """Of the dataset: letters, digits, dots, dashes and underscores."""
    data: Data
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


class ValidateConfig(Section):
    """`raasid validate`."""

    data: Data
    reference: str | None = None
    """A stored version, NAME or NAME@DIGEST, to compare distributions with."""
    limits: Limits = Limits()
    thresholds: Thresholds = Thresholds()
    drift: DriftRule = DriftRule()
    max_images: Natural = 6
    """Of each kind of finding, in the report."""
    seed: Natural = 1
    """Of the splits where the data declare none, and of permutations."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


class LawConfig(Section):
    """Group `law`: an edition of the Laws, or a competition's variant of it."""

    edition: str
    """The name of a file in raasid/laws/editions."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Require an edition that ships."""
        known = shipped_editions()
        if self.edition not in known:
            hint = did_you_mean(self.edition, known)
            yield "edition", f"no such edition: '{self.edition}'{hint} (there are: {', '.join(known)})"


class RelabelConfig(Section):
    """`raasid relabel`."""

    data: Data
    law: LawConfig
    name: str | None = None
    """Of the dataset that the new version belongs to; null: the footage's own name."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


NEWEST = "newest"


def _require_checkpoint(which: str, info: ValidationInfo) -> str:
    required = info.context and info.context.get(PATHS_MUST_EXIST)
    if required and which != NEWEST and not Path(which).is_file():
        raise PydanticCustomError("no_such_path", f"no such file: '{which}'; name a checkpoint, or {NEWEST}")
    return which


NewestOrCheckpoint = Annotated[str, AfterValidator(_require_checkpoint)]
"""newest, or a checkpoint."""


class ReviewConfig(Section):
    """`raasid review`."""

    source: str | list[str]
    """Videos, folders, patterns, lists (`@list.txt`)."""
    law: LawConfig
    out: Path = Path("reviews")
    """A folder for each clip, and in it one for each edition of the Laws."""
    ball: NewestOrCheckpoint = NEWEST
    pose: NewestOrCheckpoint = NEWEST
    context: NewestOrCheckpoint = NEWEST
    device: str = "cpu"
    review: ReviewOptions = ReviewOptions()
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()
