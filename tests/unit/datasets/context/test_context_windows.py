"""Windows of tracks: their position, players, resampling and targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_touches import blind, empty, touch

from raasid.datasets.context.batch import FACTS, NO_CONTACT, UNKNOWN, window_targets
from raasid.datasets.context.body_segments import FAR, SEGMENTS, body_points, segment_distances
from raasid.datasets.context.dataset import (
    LabelledTracks,
    WindowAugmentation,
    WindowDataset,
    find_touched_box,
    find_touched_track,
    mirror_tracks,
)
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import ResampledTracks, resample_to_25hz
from raasid.datasets.sampler import SampleKey
from raasid.footage.records import Clip
from raasid.laws.facts import fact_values
from raasid.tracks.track_arrays import clip_tracks

EDITION = "ifab_2025_26"
AUGMENT = WindowAugmentation(flip=0.5, zoom=0.2, shift=3)


def tracked(clip: Clip) -> LabelledTracks:
    return LabelledTracks(clip_tracks(clip), ClipRef.of(clip), find_touched_box(clip))


def test_the_window_is_centred_on_the_touch_and_the_touched_player_comes_first() -> None:
    resampled = ResampledTracks.of(clip_tracks(touch(frames=20)))
    window = resampled.window(12, 3, resampled.closest())
    assert resampled.closest() == 10
    assert window.tracks.tolist() == [4, 9, -1]
    assert window.origin[window.valid].tolist() == list(range(4, 16))
    assert not window.present[2].any()
    assert window.joints[2].sum() == 0


def test_frames_beyond_the_clip_are_not_valid() -> None:
    window = ResampledTracks.of(clip_tracks(touch(frames=6))).window(16, 2, 3)
    assert window.valid.sum() == 6
    assert (window.origin[~window.valid] == -1).all()
    assert not window.ball_known[~window.valid].any()


@pytest.mark.parametrize("rate_hz", [10.0, 50.0, 75.0])
def test_any_frame_rate_becomes_25_hz_and_the_touch_stays_at_its_time(rate_hz: float) -> None:
    clip = touch(frames=int(rate_hz * 0.8) // 2 * 2, rate_hz=rate_hz)
    tracks, origin = resample_to_25hz(clip_tracks(clip))
    assert tracks.frame_rate_hz == 25.0
    assert len(tracks.index) == pytest.approx((len(clip.frames) - 1) / rate_hz * 25 + 1, abs=1)
    assert clip.contact is not None
    found = origin[ResampledTracks.of(clip_tracks(clip)).closest()]
    assert abs(found - clip.contact.frame) <= max(1, rate_hz / 25)
    speed = np.abs(np.diff(tracks.ball[:5, 0]))
    assert speed == pytest.approx(12.0, abs=0.01)


def test_nothing_is_interpolated_between_frames_far_apart() -> None:
    clip = touch(frames=6)
    sparse = replace(clip, frames=tuple(replace(f, index=i * 10) for i, f in enumerate(clip.frames)))
    tracks, _ = resample_to_25hz(clip_tracks(sparse))
    assert tracks.ball_known.sum() == 6
    assert len(tracks.index) == 51


def test_joints_that_are_unknown_at_one_end_stay_unknown_between() -> None:
    tracks = clip_tracks(touch(frames=10, rate_hz=10.0))
    joints = tracks.joints.copy()
    joints[0, 5, 9] = 0
    resampled, origin = resample_to_25hz(replace(tracks, joints=joints))
    hand = resampled.joints[0, :, 9, 2]
    assert (hand[np.flatnonzero(origin == 5)] == 0).all()
    assert hand[0] == 1


def test_without_ball_or_players_a_window_is_flagged_as_far() -> None:
    for clip in (blind(touch()), empty(touch()), replace(touch(), frames=())):
        resampled = ResampledTracks.of(clip_tracks(clip))
        window = resampled.window(12, 3, resampled.closest())
        assert window.approach == FAR
        assert not (window.ball_known.any() and window.present.any())


def test_the_nearest_segment_is_the_touched_one() -> None:
    import torch

    tracks = clip_tracks(touch())
    distance, known = segment_distances(
        body_points(torch.from_numpy(tracks.joints[0, 10])), torch.from_numpy(tracks.ball[10, :2])
    )
    assert known.all()
    assert SEGMENTS[int(distance.argmin())][:2] == ("forearm", "left")


def test_targets_name_player_frame_side_and_every_fact() -> None:
    clip = touch()
    window, labels, _ = WindowDataset([tracked(clip)], 12, 3, EDITION)[0]
    assert divmod(labels.contact, 12) == (0, int(np.flatnonzero(window.origin == 10)[0]))
    assert labels.side == 0
    assert labels.offence == 1
    values = fact_values()
    assert {
        name: values[name][at] for name, at in zip(FACTS, labels.facts.tolist(), strict=True)
    } == clip.facts


def test_a_miss_has_no_contact_and_missing_labels_are_unknown() -> None:
    miss = touch(hits=False)
    window = ResampledTracks.of(clip_tracks(miss)).window(12, 2, 10)
    assert window_targets(window, ClipRef.of(miss), EDITION, None).contact == NO_CONTACT
    unlabelled = replace(touch(), facts={"segment": "forearm"}, contact=None)
    labels = WindowDataset([tracked(unlabelled)], 12, 2, EDITION)[0][1]
    assert (labels.contact, labels.side, labels.offence) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert (labels.facts[1:] == UNKNOWN).all()


def test_mirroring_swaps_sides_and_mirroring_twice_restores_the_clip() -> None:
    tracks = clip_tracks(touch())
    twice = mirror_tracks(mirror_tracks(tracks))
    for name in ("ball", "boxes", "joints"):
        assert np.allclose(getattr(twice, name), getattr(tracks, name), atol=1e-4)
    once = mirror_tracks(tracks)
    assert once.joints[0, 0, 10, 0] == pytest.approx(640 - tracks.joints[0, 0, 9, 0])


def test_an_augmented_window_depends_on_its_key_and_the_seed_alone() -> None:
    data = WindowDataset([tracked(touch()), tracked(touch(hits=False))], 12, 2, EDITION, AUGMENT, seed=3)
    again = WindowDataset(data.clips, 12, 2, EDITION, AUGMENT, seed=3)
    key, other = SampleKey(1, 5, 0), SampleKey(2, 5, 0)
    again[SampleKey(0, 0, 1)]
    assert np.array_equal(data[key][0].ball, again[key][0].ball)
    assert not np.array_equal(data[key][0].ball, data[other][0].ball)
    assert np.array_equal(data[0][0].ball, again[0][0].ball)


def test_mirrored_samples_keep_labels_and_pixels_together() -> None:
    data = WindowDataset([tracked(touch())], 12, 2, EDITION, WindowAugmentation(flip=1.0, zoom=0.0, shift=0))
    window, labels, ref = data[SampleKey(0, 0, 0)]
    assert (ref.side, labels.side) == ("right", 1)
    assert labels.contact >= 0
    assert window.ball[0, 0] < 320  # the ball comes from the left now


def test_errors_differ_between_epochs_and_not_without_augmentation() -> None:
    def errors(tracks, rng):  # type: ignore[no-untyped-def]
        return replace(tracks, ball=tracks.ball + rng.normal(0, 1, tracks.ball.shape).astype(np.float32))

    data = WindowDataset(
        [replace(tracked(touch()), errors=errors)], 12, 2, EDITION, WindowAugmentation(0, 0, 0)
    )
    assert np.array_equal(data[0][0].ball, data[0][0].ball)
    assert not np.array_equal(data[SampleKey(0, 0, 0)][0].ball, data[SampleKey(1, 0, 0)][0].ball)


def test_the_touched_player_is_found_among_predicted_ones_by_position() -> None:
    clip = touch()
    renumbered = replace(
        clip,
        frames=tuple(
            replace(f, persons=tuple(replace(p, track=p.track + 50) for p in f.persons)) for f in clip.frames
        ),
    )
    assert find_touched_track(clip_tracks(renumbered), 10, find_touched_box(clip)) == 54
    away = np.array([0, 0, 10, 10], np.float32)
    assert find_touched_track(clip_tracks(renumbered), 10, away) is None
