"""Base class of context models, and `ContextPrediction`, their output for one clip."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NotRequired, TypedDict

import torch
from torch import Tensor

from raasid.datasets.context.batch import ContextBatch
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import ResampledTracks, TrackWindow
from raasid.laws.edition import Ruling
from raasid.laws.facts import Facts, Value
from raasid.models.module import TaskModule
from raasid.tasks import TaskName
from raasid.tracks.track_arrays import ClipTracks

MAX_CONTACT_CANDIDATES = 8
"""Windows of a long clip, at as many close approaches of ball and player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPrediction:
    """Prediction of one model for one clip, with the ruling of one edition of the Laws."""

    clip: str
    facts: dict[str, dict[Value, float]]
    """Fact -> value -> calibrated probability; names and values are those of `laws.facts.fact_values`.
    Facts that the model cannot predict are missing."""
    most_likely: Facts
    """The facts that the ruling is based on; None for those that the model cannot predict."""
    ruling: Ruling
    """Ruling of the edition on `most_likely`."""
    offence: float
    """Calibrated probability of an offence by the edition."""
    abstained: bool
    """Whether the prediction is too uncertain to act on."""
    contact_frame: int | None = None
    """Index of the contact's frame in the clip; None without a contact."""
    contact_track: int | None = None
    """Track of the player who touches the ball."""
    side: str = "none"
    """left, right, or none."""
    reasons: tuple[str, ...] = ()
    """Why the model abstained, one short sentence each."""
    incident: dict[str, dict[str, float]] = field(default_factory=dict)
    """Label of an incident -> class -> probability, as `datasets.context.sample_meta.INCIDENT` names them; of
    models that were trained on such labels."""
    details: dict[str, float] = field(default_factory=dict)
    """Intermediate values. `in_distribution_weight` is 0 where probabilities are those of any clip, because
    the clip is out of distribution or shows too little, and 1 where they are the model's own."""


class ContextOutput(TypedDict):
    """What an evaluation step returns: clips and predictions, one for one."""

    clips: tuple[ClipRef, ...]
    predictions: list[ContextPrediction]
    loss: NotRequired[Tensor]
    """The training loss of the batch; in validation."""


class ContextModule(TaskModule):
    """Predicts from tracks what happens at a contact of ball and player; subclasses predict windows.

    frames: length of a window at 25 Hz. players: number of players in it, those next to the ball.
    """

    task: ClassVar[TaskName] = "context"

    def __init__(self, frames: int = 20, players: int = 3) -> None:
        super().__init__()
        self.frames, self.players = frames, players

    @abstractmethod
    def predict_windows(
        self, windows: Sequence[TrackWindow], clips: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        """Return one prediction per window. clips: the name of each window's clip."""

    def set_label_counts(self, facts: Iterable[Facts]) -> None:
        """Receive the annotated facts of the training split before fitting or inference."""

    def predict_clips(
        self, clips: Sequence[ClipTracks], ids: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        """Return one prediction per clip, of any length and frame rate.

        A clip is predicted at the closest approach of ball and player; a clip longer than a window at several
        approaches, of which the most serious prediction is returned: a confident offence, else an abstention,
        else a confident non-offence, else a window that shows too little. Ties: the more probable offence.
        Raises EditionUnknown.
        """
        windows: list[TrackWindow] = []
        names: list[str] = []
        for tracks, name in zip(clips, ids, strict=True):
            resampled = ResampledTracks.of(tracks)
            count = 1 if len(resampled.tracks.index) <= self.frames else MAX_CONTACT_CANDIDATES
            centres = resampled.approaches(count, self.frames // 2)
            windows += [resampled.window(self.frames, self.players, centre) for centre in centres]
            names += [name] * len(centres)
        best: dict[str, ContextPrediction] = {}
        for name, prediction in zip(names, self.predict_windows(windows, names, edition), strict=True):
            if name not in best or _severity(prediction) > _severity(best[name]):
                best[name] = prediction
        return [best[name] for name in ids]

    def validation_step(self, batch: ContextBatch, batch_idx: int) -> ContextOutput:
        """Return the predictions for a batch of windows."""
        return self._predict(batch)

    def test_step(self, batch: ContextBatch, batch_idx: int) -> ContextOutput:
        """Return the predictions for a batch of windows."""
        return self._predict(batch)

    def _predict(self, batch: ContextBatch) -> ContextOutput:
        names = [ref.clip for ref in batch.refs]
        predictions = self.predict_windows(batch.sources, names, batch.edition)
        return {"clips": batch.refs, "predictions": predictions}

    def transfer_batch_to_device(
        self, batch: ContextBatch, device: torch.device, dataloader_idx: int
    ) -> ContextBatch:
        """Move the tensors of a batch."""
        return batch._replace(
            windows=batch.windows.to(device),
            contact=batch.contact.to(device),
            side=batch.side.to(device),
            facts=batch.facts.to(device),
            offence=batch.offence.to(device),
            incident=batch.incident.to(device),
        )


def _severity(prediction: ContextPrediction) -> tuple[int, float]:
    if not prediction.abstained:
        rank = 3 if prediction.offence >= 0.5 else 1
    else:
        rank = 2 if prediction.details.get("usable", 0.0) else 0
    return rank, prediction.offence
