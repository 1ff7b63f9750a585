"""The datamodule of context models: footage in, windows of tracks out, no match in two splits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.data import DataLoader

from raasid.datasets.context.batch import collate
from raasid.datasets.context.dataset import (
    LabelledTracks,
    TrackPerturbation,
    WindowAugmentation,
    WindowDataset,
    find_touched_box,
)
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.tracks_config import TrackSource
from raasid.datasets.data_config import DataConfig
from raasid.datasets.datamodule import Loader, TaskDataModule, leave_signals_to_parent
from raasid.datasets.sampler import KeyedBatchSampler
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage
from raasid.footage.splits import Splits, split_by_match
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, read_facts
from raasid.tracks.track_arrays import clip_tracks


class NoClipToDecide(UsageError):
    """A split without a clip whose annotations decide whether there was an offence."""

    def __init__(self, split: str) -> None:
        super().__init__(f"data: the {split} split has no clip that can be ruled; nothing to evaluate")


@dataclass(frozen=True, slots=True)
class TrackProvider:
    """Functions and models of later stations that predict tracks; the pipeline passes them in."""

    predict: Callable[[Footage], Footage] | None = None
    """Annotated clips -> the same clips with predicted tracks; None without models."""
    fit_errors: Callable[[Sequence[Clip], Sequence[Clip]], TrackPerturbation] | None = None
    """Annotated clips, the same as predicted -> a perturbation that makes the same errors."""
    default_errors: TrackPerturbation | None = None
    """Errors of typical models, for where none can be measured."""
    checkpoints: dict[str, Path] | None = None
    facts: Mapping[str, str] | None = None
    """For report and lineage."""
    note: str | None = None
    """Message to the user."""


class ExtraClips(NamedTuple):
    """Labelled clips without images."""

    training: Sequence[Clip]
    calibration: Sequence[Clip] = ()
    """Of other matches."""


class ContextDataModule(TaskDataModule):
    """Windows of one data root.

    frames, players: of the model's windows. extra_clips: opens clips without images, to use in addition.
    set_label_counts: receives the facts of the training split in `setup`. cache: folder that keeps
    digests of files.

    Training windows come from annotated tracks with simulated errors, of the kind and size that the upstream
    models make on training matches (`predicted`) or of typical models (`noisy`), or without errors (`truth`).
    Selection and test windows come from the configured source; a test adds windows of the annotated tracks
    where that is another source. Calibration needs more clips than are rendered for the selection: in
    training, the selection split comes with annotated tracks of extra matches, perturbed as the training's.
    """

    def __init__(
        self,
        footage: Callable[[], Footage],
        config: DataConfig,
        seed: int,
        frames: int,
        players: int,
        provider: TrackProvider,
        extra_clips: Callable[[], ExtraClips] | None = None,
        set_label_counts: Callable[[Iterable[Facts]], None] = lambda facts: None,
        cache: Path | None = None,
    ) -> None:
        super().__init__(config, seed)
        self._cache = cache
        self.frames, self.players = frames, players
        self._open_footage, self._open_extra_clips = footage, extra_clips
        self._provider, self._set_label_counts = provider, set_label_counts
        self._predicted: dict[str, Clip] = {}
        self._errors: TrackPerturbation | None = None
        self._datasets: dict[str, WindowDataset] = {}

    @property
    def source(self) -> TrackSource:
        """Where the tracks of selection and test come from."""
        return self.config.tracks.source

    @property
    def edition(self) -> str:
        """Edition of the Laws that decides about the facts."""
        return self.config.tracks.edition

    @property
    def predicted_clips(self) -> dict[str, Clip]:
        """Clips with the tracks that the model received, by id; only clips that were needed so far."""
        return self._predicted

    @property
    def input_facts(self) -> dict[str, str]:
        """Origin of the tracks."""
        facts = {"tracks": self.source, "edition": self.edition} | dict(self._provider.facts or {})
        return facts | ({"note": self._provider.note} if self._provider.note else {})

    @property
    def input_checkpoints(self) -> dict[str, Path]:
        """Checkpoints of ball and pose models, where tracks are predicted."""
        return dict(self._provider.checkpoints or {})

    def prepare_data(self) -> None:
        """Read the footage and predict its tracks, so that other ranks find both done."""
        self.setup("fit")
        self.setup("test")

    def setup(self, stage: str) -> None:
        """Read and split the footage and track what `stage` needs; repeated calls are free."""
        if self.splits is None:
            footage = self._open_footage()
            splits = split_by_match(footage.clips, footage.splits, self.config.holdout, self.seed)
            kept = splits, list[str]()
            self.splits, dropped = kept if self.keep_unlabelled else _drop_undecided(splits, self.edition)
            notes = [*([self._provider.note] if self._provider.note else ()), *dropped]
            self.footage = replace(footage, notes=(*footage.notes, *notes))
        if stage == "fit" and self._open_extra_clips is not None and not (self.league or self.calibration):
            extra = self._open_extra_clips()
            self.league, self.calibration = list(extra.training), list(extra.calibration)
        self._set_label_counts(read_facts(clip.facts) for clip in (*self.splits.train, *self.league))
        names = ("train", "val") if stage == "fit" else (stage if stage in {"train", "val"} else "test",)
        for name in names:
            if name not in self._datasets:
                make = {"train": self._train_dataset, "val": self._val_dataset} if stage == "fit" else {}
                self._datasets[name] = make.get(name, partial(self._eval_dataset, name))()

    def train_dataloader(self) -> Loader:
        """Augmented windows in an order that depends on seed and epoch; a resumed run continues it."""
        data = self._datasets["train"]
        if not len(data):
            raise UsageError("data: no clip of the training split can be ruled; add clips with facts")
        num_samples, batch_size, epoch, skip = self.epoch_position(len(data))
        rank, world_size = self.rank_and_world
        sampler = KeyedBatchSampler(
            len(data), num_samples, batch_size, self.seed, rank, world_size, epoch, skip
        )
        return self._loader(data, batch_sampler=sampler)

    def val_dataloader(self) -> Loader | list[Loader]:
        """Windows of the selection split without augmentation; no loader if it is empty."""
        return self._eval_loader(self._datasets["val"]) if len(self._datasets["val"]) else []

    def test_dataloader(self) -> Loader:
        """Windows of the held-out split."""
        return self.eval_dataloader("test")

    def eval_dataloader(self, split: str) -> Loader:
        """Every clip of a split with tracks of the source, and with annotated tracks where that differs.

        Raises NoClipToDecide where no clip of the split has a decision.
        """
        self.setup(split)
        clips = list(self._eval_dataset(split).clips)
        if not clips:
            raise NoClipToDecide(split)
        if self.source != "truth":
            assert self.splits is not None
            clips += [_labelled(clip, clip, "truth") for clip in getattr(self.splits, split)]
        return self._eval_loader(self._windows(clips))

    def _train_dataset(self) -> WindowDataset:
        """Annotated tracks of the footage and of extra clips, with simulated errors, and predicted tracks."""
        assert self.splits is not None
        clips = self._perturbed([*self.splits.train, *self.league])
        clips += [
            _labelled(clip, self._predicted[clip.id], "predicted")
            for clip in self.splits.train
            if self._adds_errors and self.source == "predicted" and clip.id in self._predicted
        ]
        augment, shift = self.config.augment, self.config.tracks.shift
        return self._windows(clips, WindowAugmentation(augment.flip, augment.zoom, shift))

    def _val_dataset(self) -> WindowDataset:
        """The selection split with tracks of the source, and the calibration clips."""
        clips = self._eval_dataset("val").clips
        return self._windows([*clips, *self._perturbed(self.calibration)] if clips else [])

    def _eval_dataset(self, split: str) -> WindowDataset:
        clips = list(getattr(self.splits, split))
        if self.source == "predicted":
            self._predict(clips)
            return self._windows([_labelled(clip, self._predicted[clip.id], "predicted") for clip in clips])
        self._predicted |= {clip.id: clip for clip in clips}
        errors = self._provider.default_errors if self.source == "noisy" else None
        return self._windows([_labelled(clip, clip, self.source, errors) for clip in clips])

    @property
    def _adds_errors(self) -> bool:
        return self.source != "truth" and self.config.tracks.simulate_errors

    def _perturbed(self, clips: Sequence[Clip]) -> list[LabelledTracks]:
        """Return annotated tracks, with simulated errors unless they are turned off."""
        if not self._adds_errors:
            return [_labelled(clip, clip, "truth") for clip in clips]
        errors = self._fitted_errors()
        return [_labelled(clip, clip, "noisy", errors) for clip in clips]

    def _fitted_errors(self) -> TrackPerturbation | None:
        """Return errors as measured on training matches; the default ones where no models are used."""
        if self._errors is None:
            assert self.splits is not None
            truth = list(self.splits.train)[: self.config.tracks.error_model_clips]
            if self.source == "predicted" and self._provider.fit_errors is not None and truth:
                self._predict(truth)
                predicted = [self._predicted[clip.id] for clip in truth]
                self._errors = self._provider.fit_errors(truth, predicted)
            else:
                self._errors = self._provider.default_errors
        return self._errors

    def _predict(self, clips: Sequence[Clip]) -> None:
        """Predict the tracks of clips that have none yet."""
        new = [clip for clip in clips if clip.id not in self._predicted]
        if new:
            assert self._provider.predict is not None
            self.digest_media(new, self._cache)
            self._predicted |= {clip.id: clip for clip in self._provider.predict(Footage(new)).clips}

    def _windows(
        self, clips: Sequence[LabelledTracks], augment: WindowAugmentation | None = None
    ) -> WindowDataset:
        return WindowDataset(clips, self.frames, self.players, self.edition, augment, self.seed)

    def _eval_loader(self, data: WindowDataset) -> Loader:
        rank, world_size = self.rank_and_world
        sampler = range(rank, len(data), world_size)
        return self._loader(data, batch_size=self.config.eval_batch_size, sampler=sampler)

    def _loader(self, data: WindowDataset, **options: Any) -> Loader:
        workers = self.config.num_workers
        return DataLoader(
            data,
            collate_fn=partial(collate, edition=self.edition),
            num_workers=workers,
            worker_init_fn=leave_signals_to_parent,
            persistent_workers=workers > 0,
            **options,
        )


def _labelled(
    clip: Clip, tracked: Clip, source: TrackSource, errors: TrackPerturbation | None = None
) -> LabelledTracks:
    """Return the tracks of `tracked` with its labels and the touched player of the annotated `clip`."""
    return LabelledTracks(clip_tracks(tracked), ClipRef.of(tracked, source), find_touched_box(clip), errors)


def _has_label(clip: Clip, edition: str) -> bool:
    """Whether facts or annotator decide a clip, or it is labelled as an incident."""
    ref = ClipRef.of(clip)
    return bool(decide(ref.facts, edition).decision or ref.annotated_decision or ref.incident)


def _drop_undecided(splits: Splits, edition: str) -> tuple[Splits, list[str]]:
    """Return the splits without clips whose facts allow both decisions, and a note that counts these."""
    kept: dict[str, tuple[Clip, ...]] = {}
    dropped, total = 0, 0
    for name in ("train", "val", "test"):
        clips = getattr(splits, name)
        kept[name] = tuple(clip for clip in clips if _has_label(clip, edition))
        dropped, total = dropped + len(clips) - len(kept[name]), total + len(clips)
    notes = []
    if dropped:
        reason = f"their facts allow both decisions by {edition}"
        notes.append(f"{dropped} of {total} clips are left out: {reason}")
    return Splits(**kept, notes=splits.notes), notes
