"""The pipeline turns detections into tracks of the same clip, in blocks and in bounded memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracle_models import SIZE, moving_clip, numbered_image, oracle_pipeline, oracle_predictions

from raasid.footage.records import Clip, Frame, Visibility
from raasid.models.ball.module import Detections
from raasid.models.pose.poses import People
from raasid.perception import tracker
from raasid.perception.tracker import PerceptionPipeline
from raasid.tracks.track_arrays import clip_tracks


def track(clip: Clip, pipeline: PerceptionPipeline) -> list[Frame]:
    return pipeline.track((numbered_image(frame.index) for frame in clip.frames), clip.frames)


def test_predictions_become_tracks_of_the_same_clip() -> None:
    clip = moving_clip(30)
    frames = track(clip, oracle_pipeline(*oracle_predictions(clip)))
    true, predicted = clip_tracks(clip), clip_tracks(replace(clip, frames=tuple(frames)))
    assert predicted.present.all()
    assert predicted.tracks.tolist() == [0, 1, 2]
    assert np.allclose(predicted.boxes, true.boxes, atol=0.01)
    assert np.allclose(predicted.joints, true.joints, atol=0.01)
    assert predicted.ball_seen.all()
    assert np.allclose(predicted.ball, true.ball, atol=0.05)
    person, ball = frames[3].persons[0], frames[3].balls[0]
    assert person.source is not None
    assert person.source.name == "pose@test"
    assert ball.source is not None
    assert ball.source.name == "ball@test"


def test_short_gaps_of_ball_and_persons_are_interpolated_and_marked() -> None:
    clip = moving_clip(24)
    balls, people = oracle_predictions(clip)
    for t in (10, 11, 12):
        balls[t] = Detections.empty()
        people[t] = People(people[t].boxes[:2], people[t].score[:2], people[t].keypoints[:2])
    frames = track(clip, oracle_pipeline(balls, people))
    for t in (10, 11, 12):
        ball, person = frames[t].balls[0], frames[t].persons[2]
        assert ball.visibility == Visibility.HIDDEN
        assert ball.source is not None
        assert ball.source.name == "interpolated"
        assert (ball.x, ball.y) == pytest.approx(
            (clip.frames[t].balls[0].x, clip.frames[t].balls[0].y), abs=0.1
        )
        assert person.source is not None
        assert person.source.name == "interpolated"
        assert {v for *_, v in person.keypoints} == {1}
        assert person.box == pytest.approx(clip.frames[t].persons[2].box, abs=0.1)


def test_long_footage_gives_the_same_tracks_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = moving_clip(240)
    rng = np.random.default_rng(5)
    balls, people = oracle_predictions(clip)
    for t in rng.choice(240, 60, replace=False):
        balls[t] = Detections.empty()
    for t in rng.choice(240, 40, replace=False):
        people[t] = People(people[t].boxes[1:], people[t].score[1:], people[t].keypoints[1:])
    at_once = track(clip, oracle_pipeline(balls, people))
    monkeypatch.setattr(tracker, "BLOCK", 40)
    assert track(clip, oracle_pipeline(balls, people)) == at_once


def test_frames_are_yielded_long_before_the_footage_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "BLOCK", 32)
    clip = moving_clip(200)
    pipeline = oracle_pipeline(*oracle_predictions(clip))
    fed = 0

    def images() -> object:
        nonlocal fed
        for frame in clip.frames:
            fed += 1
            yield numbered_image(frame.index)

    behind = [fed - number for number, _ in enumerate(pipeline.track_stream(images(), clip.frames))]  # type: ignore[arg-type]
    assert max(behind) <= 32 + tracker.MARGIN + 8


@pytest.mark.parametrize("frames", [1, 3])
def test_a_model_of_three_frames_gets_each_between_its_neighbours(frames: int) -> None:
    clip = moving_clip(11)
    pipeline = oracle_pipeline(*oracle_predictions(clip), frames=frames)
    predicted = track(clip, pipeline)
    assert [frame.balls[0].x for frame in predicted] == pytest.approx(
        [f.balls[0].x for f in clip.frames], abs=0.05
    )


def test_an_unreadable_frame_is_interpolated() -> None:
    clip = moving_clip(12)
    images = [None if frame.index == 5 else numbered_image(frame.index) for frame in clip.frames]
    frames = oracle_pipeline(*oracle_predictions(clip)).track(images, clip.frames)
    assert frames[5].balls[0].visibility == Visibility.HIDDEN
    assert len(frames[5].persons) == 3


@pytest.mark.parametrize("size", [(180, 320), (3840, 2160), (64, 36), (301, 77)])
def test_predictions_are_in_the_pixels_of_images_of_any_size(size: tuple[int, int]) -> None:
    clip = moving_clip(3)
    frames = [replace(frame, width=size[0], height=size[1]) for frame in clip.frames]
    images = []
    for frame in frames:
        image = np.full((size[1], size[0], 3), 90, np.uint8)
        image[: size[1] // 6, : size[0] // 6] = frame.index
        images.append(image)
    predicted = oracle_pipeline(*oracle_predictions(clip)).track(images, frames)
    net = (SIZE[1], SIZE[0]) if size[1] > size[0] else SIZE
    scale = min(net[0] / size[0], net[1] / size[1])
    assert predicted[0].balls[0].x == pytest.approx(clip.frames[0].balls[0].x / scale, rel=1e-3)
    assert predicted[0].persons[0].box[3] == pytest.approx(60 / scale, rel=1e-3)


def test_a_clip_may_have_one_frame_or_none() -> None:
    clip = moving_clip(1)
    frames = track(clip, oracle_pipeline(*oracle_predictions(clip)))
    assert len(frames[0].persons) == 3
    assert oracle_pipeline(*oracle_predictions(clip)).track([], []) == []


def test_a_cut_begins_new_tracks() -> None:
    clip = moving_clip(20)
    rng = np.random.default_rng(0)
    scenes = [rng.integers(0, 255, (18, 32, 3), np.uint8) for _ in range(2)]
    images = []
    for frame in clip.frames:
        image = np.kron(scenes[frame.index >= 10], np.ones((10, 10, 1), np.uint8))
        image[:24, :24] = frame.index
        images.append(image)
    frames = oracle_pipeline(*oracle_predictions(clip)).track(images, clip.frames)
    assert {p.track for f in frames[:10] for p in f.persons} == {0, 1, 2}
    assert {p.track for f in frames[10:] for p in f.persons} == {3, 4, 5}


def test_the_name_depends_on_weights_and_settings() -> None:
    clip = moving_clip(1)
    plain = oracle_pipeline(*oracle_predictions(clip))
    other = oracle_pipeline(*oracle_predictions(clip), settings=replace(plain.settings, min_track_score=0.6))
    assert plain.name == oracle_pipeline(*oracle_predictions(clip)).name
    assert plain.name != other.name
    assert "ball@test" in plain.name
    assert "pose@test" in plain.name
