"""Simulated errors of detectors: their sizes, rates and durations."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from raasid.tracks.ball_errors import BallErrors
from raasid.tracks.error_model import ErrorModelUnreadable, TrackErrorModel
from raasid.tracks.person_errors import PersonErrors
from raasid.tracks.perturbations import autoregressive_noise, markov_runs
from raasid.tracks.track_arrays import ClipTracks

CALM = BallErrors((0, 0, 0), false=0, position=0, size=0, size_bias=0)
STILL = PersonErrors(
    unseen=(0, 0, 0, 0),
    missed=(0, 0, 0, 0),
    false=0,
    box_position=0,
    box_size=0,
    joints=(0.0,) * 17,
    joint_visibility=((0, 1, 0), (0, 0, 1)),
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


def test_without_errors_tracks_do_not_change() -> None:
    true = scene()
    predicted = TrackErrorModel(CALM, STILL).apply(true, rng())
    assert np.allclose(predicted.ball, true.ball)
    assert predicted.ball_seen.all()
    assert np.allclose(predicted.joints, true.joints, atol=1e-4)
    assert np.allclose(predicted.boxes, true.boxes, atol=1e-4)
    assert (predicted.tracks == true.tracks).all()
    assert len(set((predicted.teams ^ true.teams).tolist())) == 1  # the order of the teams is random


def test_the_same_generator_gives_the_same_errors_and_the_input_is_not_changed() -> None:
    true, before = scene(), scene()
    one, two, other = (TrackErrorModel().apply(true, rng(seed)) for seed in (1, 1, 2))
    for name in ("ball", "joints", "present", "tracks", "teams", "score"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
        assert np.array_equal(getattr(true, name), getattr(before, name))
    assert not np.array_equal(one.ball, other.ball)


def test_short_gaps_of_the_ball_are_interpolated_and_long_ones_are_unknown() -> None:
    predicted = [
        TrackErrorModel(replace(CALM, missed=(0.3, 0.3, 0.3), missed_length=2), STILL).apply(
            scene(200), rng(seed)
        )
        for seed in range(20)
    ]
    seen = np.mean([t.ball_seen.mean() for t in predicted])
    known = np.mean([t.ball_known.mean() for t in predicted])
    assert seen == pytest.approx(0.7, abs=0.04)
    assert known > 0.95
    bridged = predicted[0].ball_known & ~predicted[0].ball_seen
    assert bridged.any()
    assert np.allclose(predicted[0].ball[bridged], scene(200).ball[bridged], atol=1e-3)  # it flies straight
    assert (predicted[0].ball_score[bridged] == 0).all()
    long = TrackErrorModel(replace(CALM, missed=(0.6, 0.6, 0.6), missed_length=40), STILL).apply(
        scene(200), rng()
    )
    assert 0 < long.ball_known.mean() < 0.7
    assert (long.ball[~long.ball_known] == 0).all()


def test_errors_have_the_configured_scale() -> None:
    joints = tuple(0.01 + 0.002 * k for k in range(17))
    noise = TrackErrorModel(
        replace(CALM, position=0.2, size=0.1), replace(STILL, joints=joints, joints_hidden=3.0)
    )
    true = scene(400)
    predicted = noise.apply(true, rng())
    off = np.abs(predicted.joints - true.joints)[..., :2] / 100
    scale = np.median(off, axis=(0, 1, 3)) / 0.7407
    expected = np.array(joints) * np.where(true.joints[0, 0, :, 2] == 1, 1, 3)
    assert np.allclose(scale[1:], expected[1:], rtol=0.15)
    assert np.median(np.abs(predicted.ball - true.ball)[:, :2]) / 14 / 0.7407 == pytest.approx(0.2, rel=0.2)
    assert np.std(np.log(predicted.ball[:, 2] / 14)) == pytest.approx(0.1, rel=0.4)
    assert (predicted.joints[:, :, 0] == 0).all()  # unlabelled joints stay unknown


def test_arms_are_swapped_at_the_configured_rate() -> None:
    true = scene(300)
    predicted = TrackErrorModel(CALM, replace(STILL, arms_swapped=0.1)).apply(true, rng())
    swapped = np.abs(predicted.joints[:, :, 10, 0] - true.joints[:, :, 9, 0]) < 0.5
    assert swapped.mean() == pytest.approx(0.1, abs=0.04)
    assert np.allclose(predicted.joints[:, :, 15], true.joints[:, :, 15], atol=1e-4)


def test_small_persons_are_missed_more_often() -> None:
    noise = TrackErrorModel(CALM, replace(STILL, missed=(0.6, 0.6, 0.0, 0.0), missed_length=20))
    near, far = scene(60), scene(60)
    far.boxes[..., 2:] /= 4
    predicted = [noise.apply(tracks, rng()) for tracks in (near, far)]
    assert predicted[0].present.all()
    assert predicted[1].present.mean() < 0.8
    gone = ~predicted[1].present
    assert (predicted[1].joints[gone] == 0).all()


def test_broken_and_merged_tracks_keep_every_detection() -> None:
    true = scene(100)
    noise = TrackErrorModel(CALM, replace(STILL, breaks=0.02, merges=0.01))
    predicted = noise.apply(true, rng())
    assert len(predicted.tracks) > len(true.tracks)
    assert len(set(predicted.tracks.tolist())) == len(predicted.tracks)
    assert (predicted.present.sum(axis=0) == true.present.sum(axis=0)).all()
    lefts = np.sort(np.where(predicted.present, predicted.boxes[..., 0], np.inf), axis=0)[: len(true.tracks)]
    assert np.allclose(lefts, np.sort(true.boxes[..., 0], axis=0), atol=1e-3)


def test_false_persons_appear_at_the_configured_rate() -> None:
    noise = TrackErrorModel(CALM, replace(STILL, false=0.2))
    more = [noise.apply(scene(30), rng(seed)).present.sum() / 30 - 8 for seed in range(200)]
    assert np.mean(more) == pytest.approx(0.2, abs=0.06)


def test_an_empty_clip_stays_empty() -> None:
    empty = scene(5, 0)
    predicted = TrackErrorModel().apply(empty, rng())
    assert predicted.tracks.shape == (0,)
    assert TrackErrorModel().apply(scene(0, 0), rng()).ball.shape == (0, 4)


def test_errors_can_be_written_and_read() -> None:
    noise = TrackErrorModel(replace(CALM, false=0.3), replace(STILL, breaks=0.5))
    assert TrackErrorModel.from_json(noise.to_json()) == noise
    for damaged in ("{", "[]", '{"ball": {}}', noise.to_json().replace("breaks", "brakes")):
        with pytest.raises(ErrorModelUnreadable):
            TrackErrorModel.from_json(damaged)


def test_errors_are_simulated_fast_enough_for_every_clip_of_every_epoch() -> None:
    true, noise = scene(20, 8), TrackErrorModel()
    times = []
    for seed in range(30):
        began = time.process_time()
        noise.apply(true, rng(seed))
        times.append(time.process_time() - began)
    assert np.min(times) < 0.004  # 1 ms where nothing else runs


@pytest.mark.parametrize(("share", "length"), [(0.05, 1), (0.2, 4), (0.9, 3)])
def test_runs_have_their_share_and_length(share: float, length: float) -> None:
    on = markov_runs(rng(), share, length, (50, 2000))
    assert on.mean() == pytest.approx(share, rel=0.1)
    ends = (on[:, 1:] < on[:, :-1]).sum()
    assert on.sum() / ends == pytest.approx(max(length, 1 / (1 - share)), rel=0.15)


@pytest.mark.parametrize("frames", [100, 1000])
def test_noise_is_standard_normal_and_correlated_in_time(frames: int) -> None:
    steps = autoregressive_noise(rng(), 0.7, (frames, 400))
    assert steps.std() == pytest.approx(1, rel=0.05)
    assert (steps[1:] * steps[:-1]).mean() == pytest.approx(0.7, abs=0.05)
