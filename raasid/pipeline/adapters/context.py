"""The context task for the verbs: was this contact an offence?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from raasid.datasets.context.datamodule import ContextDataModule, TrackProvider
from raasid.datasets.context.dataset import TrackPerturbation
from raasid.datasets.context.factory import build_context_datamodule
from raasid.errors import UsageError
from raasid.evaluation.context.matched import answers_of
from raasid.evaluation.context.report import PAGE
from raasid.evaluation.context.result import (
    ContextResult,
    ContextValidation,
    evaluate_context,
    pair_context_results,
)
from raasid.evaluation.paired import PairedEvaluation
from raasid.evaluation.report_page import write_report
from raasid.footage.records import Clip, Footage
from raasid.models.context.module import ContextModule
from raasid.monitoring.feature_table import FeatureTable
from raasid.monitoring.prediction_features import context_features
from raasid.pipeline.model_refs import NotTrainedYet
from raasid.pipeline.upstream_models import UPSTREAM_TASKS, UpstreamModel
from raasid.stats.label_free import CalibratedAnswers
from raasid.tracks.track_arrays import ClipTracks


class ContextAdapter:
    """See `TaskAdapter`."""

    def build_datamodule(self, config: Any, paths: Any, seed: int, model: ContextModule) -> ContextDataModule:
        """Return windows of tracks, by default those that the newest ball and pose models predict."""
        config, provider = track_source(config, paths)
        return build_context_datamodule(
            config, paths, seed, model.frames, model.players, provider, model.set_label_counts
        )

    def validation_callback(self) -> ContextValidation:
        """Collect the predictions for every clip."""
        return ContextValidation()

    def compute_metrics(
        self,
        callback: ContextValidation,
        model: ContextModule,
        data: ContextDataModule,
        threshold: float | None,
    ) -> ContextResult:
        """Evaluate the decisions, on the tracks of the configured source and on annotated ones."""
        if threshold is not None:
            raise UsageError(
                "threshold: decisions follow from facts; a context model is measured without one"
            )
        return evaluate_context(callback.refs, callback.predictions, data.source, data.predicted_clips)

    def prediction_features(self, callback: ContextValidation, data: ContextDataModule) -> FeatureTable:
        """Return the predictions for every clip, on the tracks of the configured source."""
        pairs = zip(callback.refs, callback.predictions, strict=True)
        on_source = ((ref, prediction) for ref, prediction in pairs if ref.source == data.source)
        return context_features(on_source, data.predicted_clips)

    def calibrated_answers(
        self, callback: ContextValidation, model: ContextModule, data: ContextDataModule
    ) -> CalibratedAnswers | None:
        """Return the decisions on the tracks of the source; None if the model is not calibrated."""
        calibration = getattr(model, "calibration", None)
        if calibration is None or data.edition not in calibration.offence_temperatures:
            return None
        pairs = zip(callback.refs, callback.predictions, strict=True)
        return answers_of((ref, one) for ref, one in pairs if ref.source == data.source)

    def pair_results(self, champion: ContextResult, challenger: ContextResult) -> PairedEvaluation:
        """Return two evaluations of the same samples, for the gate."""
        return pair_context_results(champion, challenger)

    def write_report(self, run_dir: Path, title: str, result: ContextResult, **content: Any) -> Path:
        """Write RUN/report.html."""
        return write_report(PAGE, run_dir, title, result, **content)

    def inherit_data_config(self, config: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """Take over how clips are tracked and by which edition they are decided."""
        inherited = dict(trained.get("tracks", {}))
        given = {name: getattr(config.tracks, name) for name in config.tracks.model_fields_set}
        tracks = type(config.tracks)(**{**inherited, **given})
        return {"tracks": tracks, "size": config.size or tuple(trained.get("size", (640, 360)))}


ADAPTER = ContextAdapter()


def track_source(config: Any, paths: Any) -> tuple[Any, TrackProvider]:
    """Return what provides the tracks, and the `data` section with the source that is used.

    Where the ball or pose model has not been trained yet, `noisy` tracks replace the predicted ones.
    """
    tracks = config.tracks
    if tracks.source == "truth":
        return config, TrackProvider()
    default_errors = default_error_model()
    if tracks.source == "noisy":
        return config, TrackProvider(default_errors=default_errors)
    try:
        ball, pose = (UpstreamModel.find(getattr(tracks, task), task, paths) for task in UPSTREAM_TASKS)
    except NotTrainedYet as error:
        note = f"tracks are annotated ones with default errors, not predicted ones: {error}"
        noisy = config.model_copy(update={"tracks": tracks.model_copy(update={"source": "noisy"})})
        return noisy, TrackProvider(default_errors=default_errors, note=note)
    checkpoints = {"ball": ball.file, "pose": pose.file}
    perception = LazyPerception(ball, pose, Path(paths.data))
    provider = TrackProvider(
        perception.predict, measured_error_model, default_errors, checkpoints, facts=perception
    )
    return config, provider


class LazyPerception(Mapping[str, str]):
    """The ball and pose models, loaded when first needed; as a mapping, facts for report and lineage."""

    def __init__(self, ball: UpstreamModel, pose: UpstreamModel, folder: Path) -> None:
        self._ball, self._pose, self._folder = ball, pose, folder
        self._perception: Any = None

    @property
    def perception(self) -> Any:
        """The loaded models."""
        if self._perception is None:
            from raasid.perception.loaded_model import prepare_ball_model, prepare_pose_model
            from raasid.perception.tracker import PerceptionPipeline

            ball, pose = self._ball, self._pose
            self._perception = PerceptionPipeline(
                prepare_ball_model(*ball.load(), "cpu", ball.name),
                prepare_pose_model(*pose.load(), "cpu", pose.name),
            )
        return self._perception

    def predict(self, footage: Footage) -> Footage:
        """Return annotated clips with the tracks that the models predict."""
        from raasid.perception.predicted_dataset import predict_tracks

        predicted: Footage = predict_tracks(footage, self.perception, self._folder)
        return predicted

    def __getitem__(self, name: str) -> str:
        return {"perception": str(self.perception.name)}[name]

    def __iter__(self) -> Any:
        return iter(("perception",))

    def __len__(self) -> int:
        return 1


def measured_error_model(truth: Sequence[Clip], predicted: Sequence[Clip]) -> TrackPerturbation:
    """Return a perturbation with the errors that predicted tracks have against annotated ones."""
    from raasid.perception.error_model_fit import fit_error_model

    return _perturbation(fit_error_model(list(truth), list(predicted)))


def default_error_model() -> TrackPerturbation:
    """Return a perturbation with the errors of typical models."""
    from raasid.tracks.error_model import TrackErrorModel

    return _perturbation(TrackErrorModel())


def _perturbation(error_model: Any) -> TrackPerturbation:
    def perturb(tracks: ClipTracks, rng: np.random.Generator) -> ClipTracks:
        perturbed: ClipTracks = error_model.apply(tracks, rng)
        return perturbed

    return perturb
