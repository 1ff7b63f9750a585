"""The context: was this touch an offence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from raasid.datasets.context.augmentation import TrackPerturbation
from raasid.datasets.context.datamodule import ContextDataModule, TrackProvider
from raasid.datasets.context.factory import build_context_datamodule
from raasid.errors import UsageError
from raasid.evaluation.context.report import PAGE
from raasid.evaluation.context.result import ContextResult, evaluate_context
from raasid.evaluation.context.validation import ContextValidation
from raasid.evaluation.report_page import write_report
from raasid.footage.records import Clip, Footage
from raasid.models.context.module import ContextModule
from raasid.pipeline.model_refs import NotTrainedYet, chosen
from raasid.tracks.track_arrays import ClipTracks


class ContextPlan:
    """`context_model`."""

    def data(self, section: Any, paths: Any, seed: int, model: ContextModule) -> ContextDataModule:
        """Windows of tracks, as the newest ball and pose models see them unless told otherwise."""
        section, upstream = lent(section, paths)
        return build_context_datamodule(
            section, paths, seed, model.frames, model.players, upstream, model.set_label_counts
        )

    def watcher(self) -> ContextValidation:
        """Judgements of every clip."""
        return ContextValidation()

    def judge(
        self,
        watcher: ContextValidation,
        model: ContextModule,
        data: ContextDataModule,
        threshold: float | None,
    ) -> ContextResult:
        """Judge the decisions, on what the source says and on the truth beside it."""
        if threshold is not None:
            raise UsageError(
                "threshold: decisions follow from facts; a context model is measured without one"
            )
        return evaluate_context(watcher.refs, watcher.predictions, data.source, data.predicted_clips)

    def report(self, run_dir: Path, title: str, result: ContextResult, **rest: Any) -> Path:
        """Write RUN/report.html."""
        return write_report(PAGE, run_dir, title, result, **rest)

    def as_trained(self, asked: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """How clips are tracked and by which edition they are judged, where the user does not say."""
        before = dict(trained.get("tracks", {}))
        said = {name: getattr(asked.tracks, name) for name in asked.tracks.model_fields_set}
        tracks = type(asked.tracks)(**{**before, **said})
        return {"tracks": tracks, "size": asked.size or tuple(trained.get("size", (640, 360)))}


def lent(section: Any, paths: Any) -> tuple[Any, TrackProvider]:
    """What data need of other stations; the section with another source where models are not there yet."""
    tracks = section.tracks
    if tracks.source == "truth":
        return section, TrackProvider()
    usual = usual_errors()
    if tracks.source == "noisy":
        return section, TrackProvider(default_errors=usual)
    logs = Path(paths.logs)
    try:
        checkpoints = {task: chosen(getattr(tracks, task), logs, task) for task in ("ball", "pose")}
    except NotTrainedYet as error:
        note = f"tracks are annotated ones with usual errors, not predicted ones: {error}"
        noisy = section.model_copy(update={"tracks": tracks.model_copy(update={"source": "noisy"})})
        return noisy, TrackProvider(default_errors=usual, note=note)
    looker = Looker(checkpoints["ball"], checkpoints["pose"], Path(paths.data))
    return section, TrackProvider(looker.perceive, measured, usual, checkpoints, looker)


class Looker(Mapping[str, str]):
    """Ball and pose models as one eye; they are loaded when first asked."""

    def __init__(self, ball: Path, pose: Path, folder: Path) -> None:
        self._ball, self._pose, self._folder = ball, pose, folder
        self._perception: Any = None

    @property
    def perception(self) -> Any:
        """The two models."""
        if self._perception is None:
            from raasid.perception.tracker import load_perception

            self._perception = load_perception(self._ball, self._pose)
        return self._perception

    def perceive(self, footage: Footage) -> Footage:
        """Annotated clips as the models see them."""
        from raasid.perception.predicted_dataset import predict_tracks

        seen: Footage = predict_tracks(footage, self.perception, self._folder)
        return seen

    def __getitem__(self, name: str) -> str:
        return {"perception": str(self.perception.name)}[name]

    def __iter__(self) -> Any:
        return iter(("perception",))

    def __len__(self) -> int:
        return 1


def measured(truth: Sequence[Clip], seen: Sequence[Clip]) -> TrackPerturbation:
    """The errors that the models make, as they were seen to make them."""
    from raasid.perception.error_model_fit import fit_error_model

    return made_by(fit_error_model(list(truth), list(seen)))


def usual_errors() -> TrackPerturbation:
    """The errors of usual models."""
    from raasid.tracks.error_model import TrackErrorModel

    return made_by(TrackErrorModel())


def made_by(noise: Any) -> TrackPerturbation:
    """TrackPerturbation of a certain kind and size."""

    def errors(tracks: ClipTracks, rng: np.random.Generator) -> ClipTracks:
        seen: ClipTracks = noise.apply(tracks, rng)
        return seen

    return errors


PLAN = ContextPlan()
