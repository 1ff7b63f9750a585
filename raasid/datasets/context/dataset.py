"""Clips as a torch dataset of windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from raasid.datasets.context.augmentation import Errors, Vary
from raasid.datasets.context.batch import Targets, targets
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import Paced, Window
from raasid.datasets.sampler import SampleKey
from raasid.footage.records import Clip
from raasid.geometry import iou_xywh
from raasid.tracks.track_arrays import ClipTracks

Sample = tuple[Window, Targets, ClipRef]
Box = NDArray[np.float32]
OVERLAP = 0.3
"""A predicted player is the annotated one from this intersection over union on."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedClip:
    """One clip's tracks and labels."""

    tracks: ClipTracks
    ref: ClipRef
    touched: Box | None = None
    """(4,) left, top, width, height of the touched player at the touch, as annotated; None: nobody."""
    errors: Errors | None = None
    """What is done to the tracks at each draw; None leaves them as they are."""


class ContextWindows(Dataset[Sample]):
    """A window of each clip, round the closest approach of ball and player.

    With `vary` the windows of an int key are as they are, those of a `SampleKey` varied; how depends on the
    key and the seed alone. Errors are put in either way: a clip gets `variants` kinds of them in turn from
    epoch to epoch, and is kept with each, because making them takes longer than learning from them.
    """

    def __init__(
        self,
        clips: Sequence[TrackedClip],
        frames: int,
        players: int,
        edition: str,
        vary: Vary | None = None,
        seed: int = 0,
        variants: int = 4,
    ) -> None:
        self.clips, self.frames, self.players, self.edition = clips, frames, players, edition
        self.vary, self.seed, self.variants = vary, seed, variants
        self._with_errors: dict[tuple[int, int], ClipTracks] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, key: int | SampleKey) -> Sample:
        index, epoch = (key.index, key.epoch) if isinstance(key, SampleKey) else (key, 0)
        clip = self.clips[index]
        ref, shift = clip.ref, 0
        tracks = self._seen_badly(index, epoch % self.variants)
        track = touched_track(tracks, ref.contact, clip.touched)
        if isinstance(key, SampleKey) and self.vary is not None:
            rng = np.random.default_rng([self.seed, key.epoch, key.position])
            tracks, ref, shift = self.vary(tracks, ref, rng)
        paced = Paced.of(tracks)
        window = paced.window(self.frames, self.players, _middle(paced, ref), shift)
        rows = np.flatnonzero(window.tracks == track).tolist() if track is not None else []
        return window, targets(window, ref, self.edition, rows[0] if rows else None), ref

    def _seen_badly(self, index: int, variant: int) -> ClipTracks:
        """A clip's tracks with one of the kinds of errors that it gets."""
        clip = self.clips[index]
        if clip.errors is None:
            return clip.tracks
        if (index, variant) not in self._with_errors:
            rng = np.random.default_rng([self.seed, index, variant])
            self._with_errors[index, variant] = clip.errors(clip.tracks, rng)
        return self._with_errors[index, variant]


def _middle(paced: Paced, ref: ClipRef) -> int:
    """Where the window lies: at the closest approach, as in a review; or at an incident without a touch.

    An annotated touch does not draw the window to itself: nobody will say where it is when the model works.
    """
    if ref.incident and ref.contact is None and ref.moment is not None:
        return int(np.abs(paced.origin - ref.moment).argmin())
    return paced.closest()


def touched_track(tracks: ClipTracks, position: int | None, box: Box | None) -> int | None:
    """Which track is the touched player: the one whose box overlaps the annotated one most at the touch."""
    if position is None or box is None or not len(tracks.tracks):
        return None
    overlap = iou_xywh(tracks.boxes[:, position], box[None])[:, 0]
    overlap = np.where(tracks.present[:, position], overlap, 0)
    best = int(overlap.argmax())
    return int(tracks.tracks[best]) if overlap[best] >= OVERLAP else None


def touched_box(clip: Clip) -> Box | None:
    """(4,) where the touched player is annotated at the touch; None where there is no touch, or nobody."""
    if clip.contact is None or not clip.frames:
        return None
    frame = min(clip.frames, key=lambda f: abs(f.index - clip.contact.frame))  # type: ignore[union-attr]
    person = next((p for p in frame.persons if p.track == clip.contact.person), None)
    return None if person is None else np.array(person.box, np.float32)
