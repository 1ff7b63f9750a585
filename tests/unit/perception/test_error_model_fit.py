"""A fitted error model has the errors that were simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raasid.footage.records import (
    AnnotationSource,
    Ball,
    Clip,
    Frame,
    Keypoint,
    Person,
    Provenance,
    Visibility,
)
from raasid.perception.error_model_fit import fit_error_model
from raasid.perception.matching import ClipMismatchError, are_arms_swapped
from raasid.perception.tracking_metrics import measure_track_quality
from raasid.tracks.ball_errors import BallErrors
from raasid.tracks.error_model import TrackErrorModel
from raasid.tracks.person_errors import PersonErrors
from raasid.tracks.track_arrays import ROLES, ClipTracks, clip_tracks

FRAMES, PEOPLE, CLIPS = 30, 5, 12
HIDDEN = (1,)
"""Joints that are never visible."""


def true_clip(number: int) -> Clip:
    """Return players of 100 pixels who run side by side, arms wide, and a ball that flies across them."""
    rng = np.random.default_rng(number)
    body = np.column_stack([np.linspace(0.1, 0.9, 17) * 40, rng.uniform(0.05, 0.95, 17) * 100])
    body[[7, 9], 0], body[[8, 10], 0] = 0, 40
    frames = []
    for t in range(FRAMES):
        persons = []
        for k in range(PEOPLE):
            left, top = 20.0 + 120 * k + t, 120.0 + 3 * k
            unseen = {*HIDDEN, 9} if t % 10 < 5 else set(HIDDEN)
            joints: tuple[Keypoint, ...] = tuple(
                (left + x, top + y, 1 if j in unseen else 2) for j, (x, y) in enumerate(body.tolist())
            )
            persons.append(Person(k, "player", (left, top, 40.0, 100.0), "NS"[k % 2], joints))
        visibility = Visibility.HIDDEN if t % 10 == 9 else Visibility.CLEAR
        ball = Ball(30.0 + 18 * t, 60.0 + 4 * t, 14, 14, visibility)
        frames.append(Frame(t, f"{number}/{t}.png", 640, 360, (ball,), tuple(persons)))  # type: ignore[arg-type]
    return Clip(f"clip{number}", tuple(frames), Provenance("test"))


def as_clip(tracks: ClipTracks, like: Clip) -> Clip:
    """Return arrays as the records that a pipeline would have written."""
    frames = []
    for t, frame in enumerate(like.frames):
        persons = []
        for k in np.flatnonzero(tracks.present[:, t]).tolist():
            rows = (tracks.joints[k, t] * [1, 1, 2]).tolist()
            joints: tuple[Keypoint, ...] = tuple((x, y, round(v)) for x, y, v in rows)
            source = "pose" if tracks.score[k, t] > 0.5 else "interpolated"
            x, y, w, h = tracks.boxes[k, t].tolist()
            team = None if tracks.teams[k] < 0 else "AB"[tracks.teams[k]]
            role = ROLES[tracks.roles[k]]
            mark = AnnotationSource(source, float(tracks.score[k, t]))
            persons.append(Person(int(tracks.tracks[k]), role, (x, y, w, h), team, joints, source=mark))  # type: ignore[arg-type]
        balls: tuple[Ball, ...] = ()
        if tracks.ball_known[t]:
            seen = bool(tracks.ball_seen[t])
            mark = AnnotationSource("ball" if seen else "interpolated", float(tracks.ball_score[t]))
            visibility = Visibility.CLEAR if seen else Visibility.HIDDEN
            balls = (Ball(*tracks.ball[t].tolist(), visibility, mark),)
        frames.append(replace(frame, balls=balls, persons=tuple(persons)))
    return replace(like, frames=tuple(frames))


SIMULATED = TrackErrorModel(
    BallErrors(missed=(0.2, 0.2, 0.6), missed_length=2, false=0.06, position=0.1, size_bias=0.2, size=0.1),
    PersonErrors(
        unseen=(0.0, 0.0, 0.15, 0.0),
        missed=(0.1, 0.1, 0.1, 0.1),
        missed_length=2,
        false=0.0,
        joints=(*[0.01] * 9, *[0.03] * 8),
        joints_hidden=2.0,
        joints_correlation=0.5,
        joint_visibility=((0.2, 0.5, 0.3), (0.05, 0.15, 0.8)),
        arms_swapped=0.1,
        breaks=0.01,
        merges=0.0,
        team_unknown=0.2,
        team_wrong=0.0,
        score=(0.9, 0.03),
    ),
)


@pytest.fixture(scope="module")
def clips() -> tuple[list[Clip], list[Clip]]:
    true = [true_clip(number) for number in range(CLIPS)]
    rng = np.random.default_rng(3)
    return true, [as_clip(SIMULATED.apply(clip_tracks(clip), rng), clip) for clip in true]


def test_simulated_errors_are_recovered(clips: tuple[list[Clip], list[Clip]]) -> None:
    found = fit_error_model(*clips)
    ball, persons = found.ball, found.persons
    assert ball.missed[0] == pytest.approx(0.2 + 0.06, abs=0.08)
    assert ball.missed[2] == pytest.approx(0.62, abs=0.15)
    assert ball.false == pytest.approx(0.06, abs=0.045)  # 360 frames in runs: two standard deviations
    assert ball.position == pytest.approx(0.1, rel=0.25)
    assert ball.size_bias == pytest.approx(0.2, abs=0.05)
    assert persons.unseen[2] == pytest.approx(0.15, abs=0.1)
    assert persons.missed[2] == pytest.approx(0.1, abs=0.04)
    assert persons.arms_swapped == pytest.approx(0.1, abs=0.04)
    assert persons.breaks == pytest.approx(0.01, abs=0.006)
    assert persons.team_unknown == pytest.approx(0.2, abs=0.12)
    assert persons.team_wrong < 0.1
    visible = [j for j in range(17) if j not in HIDDEN]
    assert np.allclose(
        np.array(persons.joints)[visible], np.array(SIMULATED.persons.joints)[visible], rtol=0.35
    )
    assert persons.joints[HIDDEN[0]] == PersonErrors().joints[HIDDEN[0]]  # never visible, so never measured
    assert persons.joints_hidden == pytest.approx(2, rel=0.3)
    assert np.allclose(persons.joint_visibility, SIMULATED.persons.joint_visibility, atol=0.06)


def test_fitted_errors_simulated_again_give_the_same_quality(clips: tuple[list[Clip], list[Clip]]) -> None:
    true, predicted = clips
    noise, rng = fit_error_model(true, predicted), np.random.default_rng(9)
    again = [as_clip(noise.apply(clip_tracks(clip), rng), clip) for clip in true]
    one, two = measure_track_quality(true, predicted), measure_track_quality(true, again)
    assert two.balls_found == pytest.approx(one.balls_found, abs=0.08)
    assert two.persons_found == pytest.approx(one.persons_found, abs=0.08)
    assert two.joint_error == pytest.approx(one.joint_error, rel=0.2)
    assert two.joints_within == pytest.approx(one.joints_within, abs=0.06)


def test_annotations_have_no_errors() -> None:
    true = [true_clip(number) for number in range(4)]
    noise, quality = fit_error_model(true, true), measure_track_quality(true, true)
    assert noise.ball.missed[0] < 0.02
    assert sum(noise.persons.joints) == sum(PersonErrors().joints[j] for j in HIDDEN)
    assert (quality.balls_found, quality.persons_found, quality.idf1, quality.switches) == (1, 1, 1, 0)
    assert (quality.balls_false, quality.persons_false, quality.joint_error) == (0, 0, 0)


def test_few_samples_change_the_defaults_little() -> None:
    clip = true_clip(0)
    one = replace(clip, frames=clip.frames[:1])
    noise = fit_error_model([one], [one])
    assert noise.ball.missed[2] == TrackErrorModel().ball.missed[2]
    assert 0.5 * TrackErrorModel().persons.breaks < noise.persons.breaks


def test_an_id_switch_lowers_idf1_and_is_counted() -> None:
    true = true_clip(1)
    half = FRAMES // 2
    swap = {0: 1, 1: 0}
    frames = [
        replace(f, persons=tuple(replace(p, track=swap.get(p.track, p.track)) for p in f.persons))
        if f.index >= half
        else f
        for f in true.frames
    ]
    quality = measure_track_quality([true], [replace(true, frames=tuple(frames))])
    assert quality.switches == 2
    assert quality.idf1 == pytest.approx(1 - 2 * half / (PEOPLE * FRAMES))
    assert quality.persons_found == 1


def test_clips_of_different_footage_are_refused() -> None:
    clip = true_clip(0)
    with pytest.raises(ClipMismatchError, match="no prediction"):
        fit_error_model([clip], [])
    with pytest.raises(ClipMismatchError, match="30 frames, but 29"):
        fit_error_model([clip], [replace(clip, frames=clip.frames[1:])])


def test_swapped_arms_are_distinguished_from_displaced_ones() -> None:
    true = np.array(true_clip(0).frames[0].persons[0].keypoints, float)
    swapped = true[[0, 1, 2, 3, 4, 6, 5, 8, 7, 10, 9, *range(11, 17)]]
    assert are_arms_swapped(true, true, 100) is False
    assert are_arms_swapped(true, swapped, 100) is True
    assert are_arms_swapped(true, true + np.array([6, 0, 0]), 100) is False
    together = true.copy()
    together[[7, 8, 9, 10], :2] = together[7, :2]
    assert are_arms_swapped(together, together, 100) is None
