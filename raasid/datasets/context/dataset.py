"""Labelled tracks as a torch dataset of windows; in training mirrored, scaled, and shifted in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from raasid.datasets.context.batch import Targets, window_targets
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import ResampledTracks, TrackWindow
from raasid.datasets.sampler import SampleKey
from raasid.footage.keypoints import FLIP_INDICES
from raasid.footage.records import Clip
from raasid.geometry import iou_xywh
from raasid.tracks.track_arrays import ClipTracks

TrackPerturbation = Callable[[ClipTracks, np.random.Generator], ClipTracks]
"""Turns annotated tracks into tracks with the errors of detectors."""
_OPPOSITE = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class WindowAugmentation:
    """Strength of the variations of training clips."""

    flip: float
    """Probability of mirroring; left and right are exchanged."""
    zoom: float
    """Pixels are scaled by exp(u), u uniform within plus or minus this."""
    shift: int
    """Largest number of frames by which the window's middle is moved."""

    def __call__(
        self, tracks: ClipTracks, ref: ClipRef, rng: np.random.Generator
    ) -> tuple[ClipTracks, ClipRef, int]:
        """Return the varied clip, its labels, and the number of frames by which to move the window."""
        if rng.random() < self.flip:
            tracks, ref = mirror_tracks(tracks), replace(ref, side=_OPPOSITE.get(ref.side, ref.side))
        tracks = scale_tracks(tracks, float(np.exp(rng.uniform(-self.zoom, self.zoom))))
        return tracks, ref, int(rng.integers(-self.shift, self.shift + 1))


def mirror_tracks(tracks: ClipTracks) -> ClipTracks:
    """Return the mirror image of a clip; unknown positions stay 0."""
    width = float(tracks.size[0])
    ball, boxes = tracks.ball.copy(), tracks.boxes.copy()
    joints = tracks.joints[:, :, list(FLIP_INDICES)].copy()
    ball[:, 0] = np.where(tracks.ball_known, width - ball[:, 0], 0)
    boxes[..., 0] = np.where(tracks.present, width - boxes[..., 0] - boxes[..., 2], 0)
    joints[..., 0] = np.where(joints[..., 2] > 0, width - joints[..., 0], 0)
    return replace(tracks, ball=ball, boxes=boxes, joints=joints)


def scale_tracks(tracks: ClipTracks, factor: float) -> ClipTracks:
    """Return the clip with all pixel coordinates and sizes multiplied by `factor`."""
    xy_only = np.array([factor, factor, 1.0], np.float32)
    width, height = tracks.size
    return replace(
        tracks,
        size=(round(width * factor), round(height * factor)),
        ball=tracks.ball * np.float32(factor),
        boxes=tracks.boxes * np.float32(factor),
        joints=tracks.joints * xy_only,
    )


Sample = tuple[TrackWindow, Targets, ClipRef]
Box = NDArray[np.float32]
MIN_IOU = 0.3
"""Intersection over union from which a predicted player is taken for the annotated one."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTracks:
    """One clip's tracks and labels."""

    tracks: ClipTracks
    ref: ClipRef
    touched: Box | None = None
    """(4,) annotated left, top, width, height of the touched player at the touch; None if unknown."""
    errors: TrackPerturbation | None = None
    """Applied to the tracks when they are sampled; None leaves them as they are."""


class WindowDataset(Dataset[Sample]):
    """One window of each clip, around the closest approach of ball and player.

    With `augment`, windows of a `SampleKey` are augmented, depending on the key and the seed alone; those of
    an int key are not. Errors are simulated either way: a clip gets one of `variants` perturbations in turn
    from epoch to epoch, and all are kept, because a perturbation takes longer than a training step.
    """

    def __init__(
        self,
        clips: Sequence[LabelledTracks],
        frames: int,
        players: int,
        edition: str,
        augment: WindowAugmentation | None = None,
        seed: int = 0,
        variants: int = 4,
    ) -> None:
        self.clips, self.frames, self.players, self.edition = clips, frames, players, edition
        self.augment, self.seed, self.variants = augment, seed, variants
        self._perturbed_tracks: dict[tuple[int, int], ClipTracks] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, key: int | SampleKey) -> Sample:
        index, epoch = (key.index, key.epoch) if isinstance(key, SampleKey) else (key, 0)
        clip = self.clips[index]
        ref, shift = clip.ref, 0
        tracks = self._perturbed(index, epoch % self.variants)
        track = find_touched_track(tracks, ref.contact, clip.touched)
        if isinstance(key, SampleKey) and self.augment is not None:
            rng = np.random.default_rng([self.seed, key.epoch, key.position])
            tracks, ref, shift = self.augment(tracks, ref, rng)
        resampled = ResampledTracks.of(tracks)
        centre = _window_centre(resampled, ref)
        window = resampled.window(self.frames, self.players, centre, shift)
        rows = np.flatnonzero(window.tracks == track).tolist() if track is not None else []
        return window, window_targets(window, ref, self.edition, rows[0] if rows else None), ref

    def _perturbed(self, index: int, variant: int) -> ClipTracks:
        """Return a clip's tracks with one variant of simulated errors."""
        clip = self.clips[index]
        if clip.errors is None:
            return clip.tracks
        if (index, variant) not in self._perturbed_tracks:
            rng = np.random.default_rng([self.seed, index, variant])
            self._perturbed_tracks[index, variant] = clip.errors(clip.tracks, rng)
        return self._perturbed_tracks[index, variant]


def _window_centre(tracks: ResampledTracks, ref: ClipRef) -> int:
    """Return the frame of the closest approach, as in a review, or of an incident without a touch.

    An annotated touch does not move the window, because it is unknown at inference.
    """
    if ref.incident and ref.contact is None and ref.moment is not None:
        return int(np.abs(tracks.origin - ref.moment).argmin())
    return tracks.closest()


def find_touched_track(tracks: ClipTracks, position: int | None, box: Box | None) -> int | None:
    """Return the track whose box overlaps the annotated one most at the touch; None if none does."""
    if position is None or box is None or not len(tracks.tracks):
        return None
    overlap = iou_xywh(tracks.boxes[:, position], box[None])[:, 0]
    overlap = np.where(tracks.present[:, position], overlap, 0)
    best = int(overlap.argmax())
    return int(tracks.tracks[best]) if overlap[best] >= MIN_IOU else None


def find_touched_box(clip: Clip) -> Box | None:
    """Return the (4,) annotated box of the touched player at the touch; None without touch or player."""
    if clip.contact is None or not clip.frames:
        return None
    frame = min(clip.frames, key=lambda f: abs(f.index - clip.contact.frame))  # type: ignore[union-attr]
    person = next((p for p in frame.persons if p.track == clip.contact.person), None)
    return None if person is None else np.array(person.box, np.float32)
