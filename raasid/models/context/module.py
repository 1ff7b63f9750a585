"""What every context model is to the rest of the house: a LightningModule that says `ClipJudgement`.

What a context model says about one clip: the record that review and metrics work on.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypedDict

import torch

from raasid.datasets.context.batch import ContextBatch
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import Paced, Window
from raasid.laws.edition import Ruling
from raasid.laws.facts import Facts, Value
from raasid.models.module import TaskModule
from raasid.tasks import TaskName
from raasid.tracks.track_arrays import ClipTracks


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipJudgement:
    """One clip, seen by one model, ruled by one edition of the Laws."""

    clip: str
    facts: dict[str, dict[Value, float]]
    """Fact -> value -> calibrated probability; names and values are those of `laws.facts.fact_values`.
    A fact that the model cannot see is not in it."""
    likeliest: Facts
    """The facts that the ruling stands on: the likeliest values, None where the model cannot tell."""
    ruling: Ruling
    """Of `likeliest`, by the edition."""
    offence: float
    """Calibrated probability that an offence happened, by the edition."""
    abstained: bool
    """Whether the answer is too uncertain to be acted on."""
    contact_frame: int | None = None
    """Position in the clip of the touch; None where none was seen."""
    contact_track: int | None = None
    side: str = "none"
    """left, right, or none."""
    reasons: tuple[str, ...] = ()
    """Why it abstained, or what it could not see; one short sentence each."""
    incident: dict[str, dict[str, float]] = field(default_factory=dict)
    """Label of an incident -> class -> probability, as `data.context.incident` names them; of a model that
    was trained on such labels."""
    details: dict[str, float] = field(default_factory=dict)
    """Numbers behind it. `trusted`: 0 where the chances are those of any clip, as it is unlike all that are
    known or shows too little; 1 where they are the model's own."""


MOST_TOUCHES = 8
"""Close approaches that a long clip is asked about."""


class ContextOutput(TypedDict):
    """What an evaluation step hands to callbacks: the clips and what was said of them."""

    clips: tuple[ClipRef, ...]
    judgements: list[ClipJudgement]


class ContextModule(TaskModule):
    """A judge of touches; subclasses say how to compute a loss and how to assess a window.

    frames: of a window, at 25 Hz. players: of a window, those next to the ball.
    """

    task: ClassVar[TaskName] = "context"

    def __init__(self, frames: int = 20, players: int = 3) -> None:
        super().__init__()
        self.frames, self.players = frames, players

    @abstractmethod
    def assess(self, windows: Sequence[Window], clips: Sequence[str], edition: str) -> list[ClipJudgement]:
        """Judge windows, one each; clips: their names."""

    def acquaint(self, facts: Iterable[Facts]) -> None:
        """Told what is annotated in the training split, before anything is trained or judged."""

    def judge(self, clips: Sequence[ClipTracks], ids: Sequence[str], edition: str) -> list[ClipJudgement]:
        """Judge whole clips of any length and frame rate.

        Each is judged at the moment where ball and player come closest; a clip that is longer than a window
        at several such moments, and the gravest answer is given: an offence that is sure, else what is not
        sure, else what is surely none, else what cannot be judged; of several, the likeliest offence.
        Raises EditionUnknown.
        """
        windows: list[Window] = []
        names: list[str] = []
        for tracks, name in zip(clips, ids, strict=True):
            paced = Paced.of(tracks)
            most = 1 if len(paced.tracks.index) <= self.frames else MOST_TOUCHES
            centres = paced.approaches(most, self.frames // 2)
            windows += [paced.window(self.frames, self.players, centre) for centre in centres]
            names += [name] * len(centres)
        said: dict[int, ClipJudgement] = {}
        place = {name: i for i, name in reversed(list(enumerate(ids)))}
        for name, judgement in zip(names, self.assess(windows, names, edition), strict=True):
            known = said.get(place[name])
            if known is None or _gravity(judgement) > _gravity(known):
                said[place[name]] = judgement
        return [said[place[name]] for name in ids]

    def validation_step(self, batch: ContextBatch, batch_idx: int) -> ContextOutput:
        """Judgements of a batch of windows."""
        return self._look(batch)

    def test_step(self, batch: ContextBatch, batch_idx: int) -> ContextOutput:
        """Judgements of a batch of windows."""
        return self._look(batch)

    def _look(self, batch: ContextBatch) -> ContextOutput:
        names = [ref.clip for ref in batch.refs]
        return {"clips": batch.refs, "judgements": self.assess(batch.sources, names, batch.edition)}

    def transfer_batch_to_device(
        self, batch: ContextBatch, device: torch.device, dataloader_idx: int
    ) -> ContextBatch:
        """Move the tensors; the references stay as they are."""
        return batch._replace(
            windows=batch.windows.to(device),
            contact=batch.contact.to(device),
            side=batch.side.to(device),
            facts=batch.facts.to(device),
            offence=batch.offence.to(device),
            incident=batch.incident.to(device),
        )


def _gravity(judgement: ClipJudgement) -> tuple[int, float]:
    if not judgement.abstained:
        rank = 3 if judgement.offence >= 0.5 else 1
    else:
        rank = 2 if judgement.details.get("usable", 0.0) else 0
    return rank, judgement.offence
