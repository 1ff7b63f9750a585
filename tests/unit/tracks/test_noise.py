from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from raasid.tracks.error_model import BallErrors, NoiseUnreadable, PersonErrors, TrackNoise
from raasid.tracks.perturbations import drift, spells
from raasid.tracks.track_arrays import ClipTracks

CALM = BallErrors((0, 0, 0), false=0, place=0, size=0, size_bias=0)
STILL = PersonErrors(
    unseen=(0, 0, 0, 0),
    missed=(0, 0, 0, 0),
    false=0,
    box_place=0,
    box_size=0,
    joints=(0.0,) * 17,
    joints_told=((0, 1, 0), (0, 0, 1)),
    arms_swapped=0,
    breaks=0,
    merges=0,
    roles=((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)),
    team_unknown=0,
    team_wrong=0,
)


def scene(frames: int = 20, people: int = 8) -> ClipTracks:
    """Players who stand, with hidden left wrists, and a ball that flies past them."""
    at = np.arange(frames)
    ball = np.column_stack([20.0 + 5 * at, 50.0 + 0 * at, 14 + 0 * at, 14 + 0 * at])
    boxes = np.zeros((people, frames, 4), np.float32)
    boxes[..., 0] = 60 * np.arange(people)[:, None]
    boxes[..., 1:] = 100, 40, 100
    joints = np.ones((people, frames, 17, 3), np.float32)
    joints[..., :2] = boxes[:, :, None, :2] + np.linspace(5, 35, 17)[:, None]
    joints[:, :, 9, 2] = 0.5
    joints[:, :, 0] = 0
    return ClipTracks(
        25.0,
        (640, 360),
        at,
        ball.astype(np.float32),
        np.ones(frames, bool),
        np.ones(frames, bool),
        np.ones(frames, np.float32),
        np.arange(people),
        np.ones((people, frames), bool),
        boxes,
        joints,
        np.ones((people, frames), np.float32),
        np.zeros(people, np.int64),
        np.arange(people) % 2,
    )


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_detectors_without_errors_tell_the_truth() -> None:
    true = scene()
    told = TrackNoise(CALM, STILL).apply(true, rng())
    assert np.allclose(told.ball, true.ball)
    assert told.ball_seen.all()
    assert np.allclose(told.joints, true.joints, atol=1e-4)
    assert np.allclose(told.boxes, true.boxes, atol=1e-4)
    assert (told.tracks == true.tracks).all()
    assert len(set((told.teams ^ true.teams).tolist())) == 1  # the names of teams are anybody's guess


def test_the_same_generator_gives_the_same_and_the_truth_is_left_alone() -> None:
    true, before = scene(), scene()
    one, two, other = (TrackNoise().apply(true, rng(seed)) for seed in (1, 1, 2))
    for name in ("ball", "joints", "present", "tracks", "teams", "score"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
        assert np.array_equal(getattr(true, name), getattr(before, name))
    assert not np.array_equal(one.ball, other.ball)


def test_missed_balls_are_bridged_where_the_gap_is_short_and_unknown_where_it_is_long() -> None:
    told = [
        TrackNoise(replace(CALM, missed=(0.3, 0.3, 0.3), missed_length=2), STILL).apply(scene(200), rng(seed))
        for seed in range(20)
    ]
    seen = np.mean([t.ball_seen.mean() for t in told])
    known = np.mean([t.ball_known.mean() for t in told])
    assert seen == pytest.approx(0.7, abs=0.04)
    assert known > 0.95
    bridged = told[0].ball_known & ~told[0].ball_seen
    assert bridged.any()
    assert np.allclose(told[0].ball[bridged], scene(200).ball[bridged], atol=1e-3)  # it flies straight
    assert (told[0].ball_score[bridged] == 0).all()
    long = TrackNoise(replace(CALM, missed=(0.6, 0.6, 0.6), missed_length=40), STILL).apply(scene(200), rng())
    assert 0 < long.ball_known.mean() < 0.7
    assert (long.ball[~long.ball_known] == 0).all()


def test_the_size_of_errors_is_what_was_asked_for() -> None:
    joints = tuple(0.01 + 0.002 * k for k in range(17))
    noise = TrackNoise(replace(CALM, place=0.2, size=0.1), replace(STILL, joints=joints, joints_hidden=3.0))
    true = scene(400)
    told = noise.apply(true, rng())
    off = np.abs(told.joints - true.joints)[..., :2] / 100
    scale = np.median(off, axis=(0, 1, 3)) / 0.7407
    expected = np.array(joints) * np.where(true.joints[0, 0, :, 2] == 1, 1, 3)
    assert np.allclose(scale[1:], expected[1:], rtol=0.15)
    assert np.median(np.abs(told.ball - true.ball)[:, :2]) / 14 / 0.7407 == pytest.approx(0.2, rel=0.2)
    assert np.std(np.log(told.ball[:, 2] / 14)) == pytest.approx(0.1, rel=0.4)
    assert (told.joints[:, :, 0] == 0).all()  # what nobody labelled stays unknown


def test_arms_are_swapped_as_often_as_asked_for() -> None:
    true = scene(300)
    told = TrackNoise(CALM, replace(STILL, arms_swapped=0.1)).apply(true, rng())
    swapped = np.abs(told.joints[:, :, 10, 0] - true.joints[:, :, 9, 0]) < 0.5
    assert swapped.mean() == pytest.approx(0.1, abs=0.04)
    assert np.allclose(told.joints[:, :, 15], true.joints[:, :, 15], atol=1e-4)


def test_small_persons_are_missed_more_often() -> None:
    noise = TrackNoise(CALM, replace(STILL, missed=(0.6, 0.6, 0.0, 0.0), missed_length=20))
    near, far = scene(60), scene(60)
    far.boxes[..., 2:] /= 4
    told = [noise.apply(tracks, rng()) for tracks in (near, far)]
    assert told[0].present.all()
    assert told[1].present.mean() < 0.8
    gone = ~told[1].present
    assert (told[1].joints[gone] == 0).all()


def test_broken_and_joined_tracks_keep_every_sighting() -> None:
    true = scene(100)
    noise = TrackNoise(CALM, replace(STILL, breaks=0.02, merges=0.01))
    told = noise.apply(true, rng())
    assert len(told.tracks) > len(true.tracks)
    assert len(set(told.tracks.tolist())) == len(told.tracks)
    assert (told.present.sum(axis=0) == true.present.sum(axis=0)).all()
    lefts = np.sort(np.where(told.present, told.boxes[..., 0], np.inf), axis=0)[: len(true.tracks)]
    assert np.allclose(lefts, np.sort(true.boxes[..., 0], axis=0), atol=1e-3)


def test_ghosts_appear_as_often_as_asked_for() -> None:
    noise = TrackNoise(CALM, replace(STILL, false=0.2))
    more = [noise.apply(scene(30), rng(seed)).present.sum() / 30 - 8 for seed in range(200)]
    assert np.mean(more) == pytest.approx(0.2, abs=0.06)


def test_an_empty_clip_stays_empty() -> None:
    nobody = scene(5, 0)
    told = TrackNoise().apply(nobody, rng())
    assert told.tracks.shape == (0,)
    assert TrackNoise().apply(scene(0, 0), rng()).ball.shape == (0, 4)


def test_errors_can_be_written_and_read() -> None:
    noise = TrackNoise(replace(CALM, false=0.3), replace(STILL, breaks=0.5))
    assert TrackNoise.from_json(noise.to_json()) == noise
    for torn in ("{", "[]", '{"ball": {}}', noise.to_json().replace("breaks", "brakes")):
        with pytest.raises(NoiseUnreadable):
            TrackNoise.from_json(torn)


def test_it_is_quick_enough_to_vary_every_clip_of_every_epoch() -> None:
    true, noise = scene(20, 8), TrackNoise()
    times = []
    for seed in range(30):
        began = time.process_time()
        noise.apply(true, rng(seed))
        times.append(time.process_time() - began)
    assert np.min(times) < 0.004  # 1 ms where nothing else runs


@pytest.mark.parametrize(("share", "length"), [(0.05, 1), (0.2, 4), (0.9, 3)])
def test_spells_have_their_share_and_length(share: float, length: float) -> None:
    on = spells(rng(), share, length, (50, 2000))
    assert on.mean() == pytest.approx(share, rel=0.1)
    ends = (on[:, 1:] < on[:, :-1]).sum()
    assert on.sum() / ends == pytest.approx(max(length, 1 / (1 - share)), rel=0.15)


@pytest.mark.parametrize("frames", [100, 1000])
def test_drift_is_standard_and_correlated(frames: int) -> None:
    steps = drift(rng(), 0.7, (frames, 400))
    assert steps.std() == pytest.approx(1, rel=0.05)
    assert (steps[1:] * steps[:-1]).mean() == pytest.approx(0.7, abs=0.05)
