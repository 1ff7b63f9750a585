"""Footage that a champion is checked on: read, predicted and measured once, whichever trigger asks first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from raasid.datasets.context.datamodule import NoClipToDecide
from raasid.datasets.data_config import DataConfig
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import Data, StoreDataConfig
from raasid.deploy.leakage import check_leakage
from raasid.errors import DataError
from raasid.evaluation.context.result import NoLabelledClips
from raasid.evaluation.result import EvaluationResult
from raasid.footage.records import Footage, Frame, Person
from raasid.pipeline.evaluation import SplitPredictions, build_data, predict_with_named_model
from raasid.pipeline.model_refs import NamedModel
from raasid.pipeline.upstream_models import track_by_champions
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.lineage import VersionRef, parent_of
from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry


class NothingNew(DataError):
    """Footage of which every match was trained on."""

    def __init__(self, model: str, matches: int) -> None:
        super().__init__(
            f"data: {model} was trained on each of the {matches} matches, and can be judged by others only"
        )


@dataclass
class CheckedFootage:
    """Some footage, and what a champion says about it."""

    cfg: CheckConfig
    model: NamedModel
    """A registered one."""
    config: Data
    run_dir: Path
    _data: TaskDataModule | None = None
    _predicted: SplitPredictions | None = None
    _result: EvaluationResult | None = None

    @property
    def split(self) -> str:
        """The split that is measured."""
        return "test" if self.cfg.split == "all" else self.cfg.split

    def open(self) -> TaskDataModule:
        """Read it, as the champion's training did. Raises NothingNew."""
        if self._data is None:
            data = build_measured_data(self.cfg, self.model, self.config)
            data.keep_unlabelled = self.cfg.trigger.performance.label_free != "off"
            if self.split == "test":
                data.change_footage(partial(self._hold_out, wanted=self.cfg.split == "all"))
            if self.model.module.task == "pose":
                data.change_footage(ignore_unreviewed)
            data.setup(self.split)
            self._data = data
        return self._data

    def predict(self) -> SplitPredictions:
        """Let the champion predict it; needs no labels. Raises NoClipToDecide."""
        if self._predicted is None:
            data = self.open()
            self._predicted = predict_with_named_model(
                self.model, data, self.cfg.trainer, self.split, self.run_dir
            )
        return self._predicted

    def measure(self) -> EvaluationResult | None:
        """Measure the champion by the labels; None if there are none."""
        if self._result is None:
            try:
                self._result = self.predict().evaluate()
            except (NoClipToDecide, NoLabelledClips):
                return None
        return self._result

    def _hold_out(self, footage: Footage, wanted: bool) -> Footage:
        """Test on all matches that the champion was not trained on, if wanted or if none are held out."""
        if not wanted and (footage.splits.get("val") or footage.splits.get("test")):
            return footage
        matches = {clip.match for clip in footage.clips}
        known = self._trained_matches(matches)
        if known >= matches:
            raise NothingNew(self.model.name, len(matches))
        return replace(
            footage, splits={"test": [clip.id for clip in footage.clips if clip.match not in known]}
        )

    def _trained_matches(self, matches: Collection[str]) -> set[str]:
        """Return those that the champion was trained on, or a version that it was built on."""
        assert self.model.loaded is not None
        manifest, registry = self.model.loaded.manifest, Registry(self.cfg.paths.registry)
        began = parent_of(registry, manifest) if "init_from" in manifest.lineage.get("inputs", {}) else None
        parents = [] if began is None else [VersionRef(manifest.name, began.version)]
        found = check_leakage(manifest.lineage, matches, registry, parents, CHAMPION)
        return {leak.match for leak in found.leaks}


def ignore_unreviewed(footage: Footage) -> Footage:
    """Return footage in which people whom only a model has annotated are neither right nor wrong.

    They are marked as COCO's crowds are: a champion is not measured by what another model has found.
    """

    def ignored(person: Person) -> Person:
        by_model = person.source is not None and not person.source.reviewed
        return replace(person, crowd=True) if by_model else person

    def changed(frame: Frame) -> Frame:
        return replace(frame, persons=tuple(map(ignored, frame.persons)))

    clips = [replace(clip, frames=tuple(map(changed, clip.frames))) for clip in footage.clips]
    return replace(footage, clips=clips)


def stored_version(ref: str, like: Data, store: Path) -> Data:
    """Return the section of a stored version, NAME or NAME@DIGEST, with the other settings of `like`."""
    settings = {name: getattr(like, name) for name in DataConfig.model_fields}
    return StoreDataConfig(**settings, dataset=ref, root=store)


def build_measured_data(cfg: CheckConfig, model: NamedModel, data: Data) -> TaskDataModule:
    """Build the datamodule that a registered model is measured on, with its input as in its training.

    Predicted tracks are those of the ball and pose champions in service, unless `data.tracks` names others.
    """
    data = track_by_champions(data, Registry(cfg.paths.registry))
    return build_data(model, data, cfg.paths, int(model.trained.get("seed", cfg.seed)))


def measure_model(
    cfg: CheckConfig, model: NamedModel, data: Data, run_dir: Path
) -> tuple[EvaluationResult, TaskDataModule]:
    """Measure a registered model on the test split of some footage; see `build_measured_data`."""
    built = build_measured_data(cfg, model, data)
    return predict_with_named_model(model, built, cfg.trainer, "test", run_dir).evaluate(), built
