"""The datamodule of the context model: footage in, windows of tracks out, no match in two splits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.data import DataLoader

from raasid.datasets.context.augmentation import Errors, Vary
from raasid.datasets.context.batch import collate
from raasid.datasets.context.dataset import ContextWindows, TrackedClip, touched_box
from raasid.datasets.context.sample_meta import ClipRef, TracksFrom
from raasid.datasets.datamodule import Loader, TaskData
from raasid.datasets.sampler import KeyedBatchSampler
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage
from raasid.footage.splits import Splits, split_by_match
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, read_facts
from raasid.tracks.track_arrays import tracks_of


@dataclass(frozen=True, slots=True)
class Dealing:
    """How clips become batches of windows."""

    frames: int
    players: int
    edition: str
    source: TracksFrom = "truth"
    errors: bool = True
    """Whether annotated tracks that are trained on get the errors of detectors."""
    errors_from: int = 24
    """Training clips that are looked at to measure these."""
    batch_size: int = 32
    """Training windows per step over all devices together."""
    eval_batch_size: int = 32
    windows_per_epoch: int | None = None
    """Draws per epoch; None: every training clip once."""
    num_workers: int = 0
    holdout: float = 0.1
    vary: Vary = field(default_factory=Vary)


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the pipeline lends, because data may not know the models that it comes from."""

    perceive: Callable[[Footage], Footage] | None = None
    """Annotated clips -> the same as detectors see them; None where nobody can."""
    measure: Callable[[Sequence[Clip], Sequence[Clip]], Errors] | None = None
    """Annotated clips, the same as seen -> the errors that were made."""
    usual: Errors | None = None
    """Errors of usual models, for where none could be measured."""
    checkpoints: dict[str, Path] | None = None
    facts: Mapping[str, str] | None = None
    note: str | None = None
    """What the user should know about it."""


class Further(NamedTuple):
    """Clips without pictures."""

    training: Sequence[Clip]
    calibration: Sequence[Clip] = ()
    """Of other matches."""


class ContextData(TaskData):
    """Windows of one data root.

    footage: opens the root. further: opens clips without pictures, to use beside the footage's own.
    acquaint: is told the facts of the training split, once they are known.

    Training windows come from annotated tracks with errors put in, of the kind and size that the upstream
    models were seen to make on training matches (`noisy`, and `predicted`); or without any (`truth`).
    Selection and test see what the source says; where that is not the truth, a test sees the truth beside it.
    A calibration needs more clips than are rendered for a selection: while a model trains, the selection
    split comes with annotated tracks of further matches, treated as those that are trained on.
    """

    def __init__(
        self,
        footage: Callable[[], Footage],
        dealing: Dealing,
        seed: int,
        upstream: Upstream,
        further: Callable[[], Further] | None = None,
        acquaint: Callable[[Iterable[Facts]], None] = lambda facts: None,
    ) -> None:
        super().__init__()
        self._open, self.dealing, self.seed = footage, dealing, seed
        self._lent, self._open_further, self._acquaint = upstream, further, acquaint
        self._seen: dict[str, Clip] = {}
        self._errors: Errors | None = None
        self._datasets: dict[str, ContextWindows] = {}
        self._batches_seen = 0

    @property
    def as_seen(self) -> dict[str, Clip]:
        """Clips as the model sees them, by id, as far as they were needed."""
        return self._seen

    @property
    def facts(self) -> dict[str, str]:
        """Where tracks come from."""
        told = {"tracks": self.dealing.source, "edition": self.dealing.edition}
        return told | dict(self._lent.facts or {}) | ({"note": self._lent.note} if self._lent.note else {})

    @property
    def upstream(self) -> dict[str, Path]:
        """Checkpoints of ball and pose, where tracks are predicted."""
        return dict(self._lent.checkpoints or {})

    def prepare_data(self) -> None:
        """Read, and let the detectors look, so that other ranks find it done."""
        self.setup("fit")
        self.setup("test")

    def setup(self, stage: str) -> None:
        """Read and split; track what `stage` needs. Repeated calls cost nothing."""
        if self.splits is None:
            footage = self._open()
            splits = split_by_match(footage.clips, footage.splits, self.dealing.holdout, self.seed)
            self.splits, without = _ruled(splits, self.dealing.edition)
            notes = [*([self._lent.note] if self._lent.note else ()), *without]
            self.footage = replace(footage, notes=(*footage.notes, *notes))
        if stage == "fit" and self._open_further is not None and not (self.league or self.calibration):
            more = self._open_further()
            self.league, self.calibration = list(more.training), list(more.calibration)
        self._acquaint(read_facts(clip.facts) for clip in (*self.splits.train, *self.league))
        names = ("train", "val") if stage == "fit" else (stage if stage in {"train", "val"} else "test",)
        for name in names:
            if name not in self._datasets:
                make = {"train": self._training, "val": self._selection} if stage == "fit" else {}
                self._datasets[name] = make.get(name, partial(self._as_is, name))()

    def train_dataloader(self) -> Loader:
        """Varied windows in an order that depends on seed and epoch; from where a resumed run stood."""
        data = self._datasets["train"]
        if not len(data):
            raise UsageError("data: no clip of the training split can be ruled; add clips with facts")
        rank, world = self.rank_and_world
        batch = self.dealing.batch_size
        if batch % world:
            raise UsageError(
                f"data.batch_size must be a multiple of the number of processes ({world}), but is {batch}"
            )
        samples = self.dealing.windows_per_epoch or len(data)
        epoch, skip = self._position(max(1, samples // batch))
        sampler = KeyedBatchSampler(len(data), samples, batch, self.seed, rank, world, epoch, skip)
        return DataLoader(data, batch_sampler=sampler, **self._how)

    def val_dataloader(self) -> Loader | list[Loader]:
        """Windows of the selection split as they are; none if it is empty."""
        return self._whole(self._datasets["val"]) if len(self._datasets["val"]) else []

    def test_dataloader(self) -> Loader:
        """Windows of the held-out split."""
        return self.held_out("test")

    def held_out(self, split: str) -> Loader:
        """Every clip of a split once as the source sees it, and once in truth where that is another thing."""
        self.setup(split)
        clips = list(self._as_is(split).clips)
        if not clips:
            raise UsageError(f"data: the {split} split has no clip that can be ruled; nothing to evaluate")
        if self.dealing.source != "truth":
            assert self.splits is not None
            clips += [_tracked(clip, clip, "truth") for clip in getattr(self.splits, split)]
        return self._whole(self._windows(clips))

    def _training(self) -> ContextWindows:
        """Annotated tracks of the footage and of further clips, with errors put in."""
        assert self.splits is not None
        tracked = self._annotated([*self.splits.train, *self.league])
        tracked += [
            _tracked(clip, self._seen[clip.id], "predicted")
            for clip in self.splits.train
            if self._spoils and self.dealing.source == "predicted" and clip.id in self._seen
        ]
        return self._windows(tracked, self.dealing.vary)

    def _selection(self) -> ContextWindows:
        """The selection split as the source sees it, and what is calibrated on beside it."""
        split = self._as_is("val").clips
        return self._windows([*split, *self._annotated(self.calibration)] if split else [])

    @property
    def _spoils(self) -> bool:
        return self.dealing.source != "truth" and self.dealing.errors

    def _annotated(self, clips: Sequence[Clip]) -> list[TrackedClip]:
        """Annotated tracks, with errors put in unless nobody wants any."""
        if not self._spoils:
            return [_tracked(clip, clip, "truth") for clip in clips]
        errors = self._errors_made()
        return [_tracked(clip, clip, "noisy", errors) for clip in clips]

    def _errors_made(self) -> Errors | None:
        """As measured on training matches; those of usual models where nobody looked at any."""
        if self._errors is None:
            assert self.splits is not None
            truth = list(self.splits.train)[: self.dealing.errors_from]
            if self.dealing.source == "predicted" and self._lent.measure is not None and truth:
                self._look(truth)
                self._errors = self._lent.measure(truth, [self._seen[clip.id] for clip in truth])
            else:
                self._errors = self._lent.usual
        return self._errors

    def _as_is(self, split: str) -> ContextWindows:
        clips = list(getattr(self.splits, split))
        source = self.dealing.source
        if source == "predicted":
            self._look(clips)
            return self._windows([_tracked(clip, self._seen[clip.id], source) for clip in clips])
        self._seen |= {clip.id: clip for clip in clips}
        errors = self._lent.usual if source == "noisy" else None
        return self._windows([_tracked(clip, clip, source, errors) for clip in clips])

    def _look(self, clips: Sequence[Clip]) -> None:
        """Let the detectors see clips that they have not seen yet."""
        new = [clip for clip in clips if clip.id not in self._seen]
        if new:
            assert self._lent.perceive is not None
            self._seen |= {clip.id: clip for clip in self._lent.perceive(Footage(new)).clips}

    def _windows(self, clips: Sequence[TrackedClip], vary: Vary | None = None) -> ContextWindows:
        dealing = self.dealing
        return ContextWindows(clips, dealing.frames, dealing.players, dealing.edition, vary, self.seed)

    @property
    def _how(self) -> dict[str, Any]:
        workers = self.dealing.num_workers
        return {
            "collate_fn": partial(collate, edition=self.dealing.edition),
            "num_workers": workers,
            "persistent_workers": workers > 0,
        }

    def _whole(self, data: ContextWindows) -> Loader:
        rank, world = self.rank_and_world
        sampler = range(rank, len(data), world)
        return DataLoader(data, batch_size=self.dealing.eval_batch_size, sampler=sampler, **self._how)

    def state_dict(self) -> dict[str, Any]:
        """Where a resumed run goes on."""
        if self.trainer is None:
            return {"batches_seen": self._batches_seen}
        return {"batches_seen": self.trainer.fit_loop.epoch_loop.batch_progress.total.ready}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self._batches_seen = int(state_dict["batches_seen"])

    def _position(self, batches_per_epoch: int) -> tuple[int, int]:
        """Epoch and batch that come next: 0, 0 unless the run was resumed."""
        limit = self.trainer.limit_train_batches if self.trainer is not None else None
        if isinstance(limit, int):
            batches_per_epoch = min(batches_per_epoch, limit)
        elif limit is not None:
            batches_per_epoch = int(batches_per_epoch * limit)
        return divmod(self._batches_seen, max(1, batches_per_epoch))


def _tracked(clip: Clip, seen: Clip, source: TracksFrom, errors: Errors | None = None) -> TrackedClip:
    """Tracks of a clip as somebody saw it, with the labels of the annotated one."""
    return TrackedClip(tracks_of(seen), ClipRef.of(seen, source), touched_box(clip), errors)


def _teaches(clip: Clip, edition: str) -> bool:
    """Whether a clip can be ruled, by its facts or its annotator, or is labelled as an incident."""
    ref = ClipRef.of(clip)
    return bool(decide(ref.facts, edition).decision or ref.ruled or ref.incident)


def _ruled(splits: Splits, edition: str) -> tuple[Splits, list[str]]:
    """Splits without the clips whose facts allow both decisions, and a note that counts them."""
    kept: dict[str, tuple[Clip, ...]] = {}
    left, total = 0, 0
    for name in ("train", "val", "test"):
        clips = getattr(splits, name)
        kept[name] = tuple(clip for clip in clips if _teaches(clip, edition))
        left, total = left + len(clips) - len(kept[name]), total + len(clips)
    notes = []
    if left:
        notes.append(f"{left} of {total} clips are left out: their facts allow both decisions by {edition}")
    return Splits(**kept, notes=splits.notes), notes
