from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from truthful_nets import SIZE, answers_of, clip_of, perception_of, picture

from raasid.footage.records import Clip, Frame, Visibility
from raasid.models.ball.module import Detections
from raasid.models.pose.poses import People
from raasid.perception import tracker
from raasid.perception.tracker import Perception
from raasid.tracks.track_arrays import tracks_of


def seen(clip: Clip, eyes: Perception) -> list[Frame]:
    return eyes.look((picture(frame.index) for frame in clip.frames), clip.frames)


def test_what_the_nets_say_becomes_tracks_of_the_same_clip() -> None:
    clip = clip_of(30)
    frames = seen(clip, perception_of(*answers_of(clip)))
    true, told = tracks_of(clip), tracks_of(replace(clip, frames=tuple(frames)))
    assert told.present.all()
    assert told.tracks.tolist() == [0, 1, 2]
    assert np.allclose(told.boxes, true.boxes, atol=0.01)
    assert np.allclose(told.joints, true.joints, atol=0.01)
    assert told.ball_seen.all()
    assert np.allclose(told.ball, true.ball, atol=0.05)
    person, ball = frames[3].persons[0], frames[3].balls[0]
    assert person.mark is not None
    assert person.mark.source == "pose@test"
    assert ball.mark is not None
    assert ball.mark.source == "ball@test"


def test_who_and_what_is_unseen_for_a_moment_is_interpolated_and_marked() -> None:
    clip = clip_of(24)
    balls, people = answers_of(clip)
    for t in (10, 11, 12):
        balls[t] = Detections.none()
        people[t] = People(people[t].boxes[:2], people[t].score[:2], people[t].keypoints[:2])
    frames = seen(clip, perception_of(balls, people))
    for t in (10, 11, 12):
        ball, person = frames[t].balls[0], frames[t].persons[2]
        assert ball.visibility == Visibility.HIDDEN
        assert ball.mark is not None
        assert ball.mark.source == "interpolated"
        assert (ball.x, ball.y) == pytest.approx(
            (clip.frames[t].balls[0].x, clip.frames[t].balls[0].y), abs=0.1
        )
        assert person.mark is not None
        assert person.mark.source == "interpolated"
        assert {v for *_, v in person.keypoints} == {1}
        assert person.box == pytest.approx(clip.frames[t].persons[2].box, abs=0.1)


def test_long_footage_gives_the_same_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = clip_of(240)
    rng = np.random.default_rng(5)
    balls, people = answers_of(clip)
    for t in rng.choice(240, 60, replace=False):
        balls[t] = Detections.none()
    for t in rng.choice(240, 40, replace=False):
        people[t] = People(people[t].boxes[1:], people[t].score[1:], people[t].keypoints[1:])
    at_once = seen(clip, perception_of(balls, people))
    monkeypatch.setattr(tracker, "BLOCK", 40)
    assert seen(clip, perception_of(balls, people)) == at_once


def test_frames_are_handed_out_long_before_the_footage_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "BLOCK", 32)
    clip = clip_of(200)
    eyes = perception_of(*answers_of(clip))
    fed = 0

    def images() -> object:
        nonlocal fed
        for frame in clip.frames:
            fed += 1
            yield picture(frame.index)

    behind = [fed - number for number, _ in enumerate(eyes.look_through(images(), clip.frames))]  # type: ignore[arg-type]
    assert max(behind) <= 32 + tracker.MARGIN + 8


@pytest.mark.parametrize("frames", [1, 3])
def test_a_net_of_three_frames_sees_each_between_its_neighbours(frames: int) -> None:
    clip = clip_of(11)
    eyes = perception_of(*answers_of(clip), frames=frames)
    told = seen(clip, eyes)
    assert [frame.balls[0].x for frame in told] == pytest.approx(
        [f.balls[0].x for f in clip.frames], abs=0.05
    )


def test_a_frame_that_cannot_be_read_is_bridged() -> None:
    clip = clip_of(12)
    images = [None if frame.index == 5 else picture(frame.index) for frame in clip.frames]
    frames = perception_of(*answers_of(clip)).look(images, clip.frames)
    assert frames[5].balls[0].visibility == Visibility.HIDDEN
    assert len(frames[5].persons) == 3


@pytest.mark.parametrize("size", [(180, 320), (3840, 2160), (64, 36), (301, 77)])
def test_pictures_of_any_size_are_answered_in_their_own_pixels(size: tuple[int, int]) -> None:
    clip = clip_of(3)
    frames = [replace(frame, width=size[0], height=size[1]) for frame in clip.frames]
    images = []
    for frame in frames:
        image = np.full((size[1], size[0], 3), 90, np.uint8)
        image[: size[1] // 6, : size[0] // 6] = frame.index
        images.append(image)
    told = perception_of(*answers_of(clip)).look(images, frames)
    net = (SIZE[1], SIZE[0]) if size[1] > size[0] else SIZE
    scale = min(net[0] / size[0], net[1] / size[1])
    assert told[0].balls[0].x == pytest.approx(clip.frames[0].balls[0].x / scale, rel=1e-3)
    assert told[0].persons[0].box[3] == pytest.approx(60 / scale, rel=1e-3)


def test_one_frame_and_no_frame_are_clips_too() -> None:
    clip = clip_of(1)
    frames = seen(clip, perception_of(*answers_of(clip)))
    assert len(frames[0].persons) == 3
    assert perception_of(*answers_of(clip)).look([], []) == []


def test_at_a_cut_everybody_is_somebody_new() -> None:
    clip = clip_of(20)
    rng = np.random.default_rng(0)
    scenes = [rng.integers(0, 255, (18, 32, 3), np.uint8) for _ in range(2)]
    images = []
    for frame in clip.frames:
        image = np.kron(scenes[frame.index >= 10], np.ones((10, 10, 1), np.uint8))
        image[:24, :24] = frame.index
        images.append(image)
    frames = perception_of(*answers_of(clip)).look(images, clip.frames)
    assert {p.track for f in frames[:10] for p in f.persons} == {0, 1, 2}
    assert {p.track for f in frames[10:] for p in f.persons} == {3, 4, 5}


def test_the_name_tells_weights_and_settings_apart() -> None:
    clip = clip_of(1)
    plain = perception_of(*answers_of(clip))
    other = perception_of(*answers_of(clip), settings=replace(plain.settings, person_sure=0.6))
    assert plain.name == perception_of(*answers_of(clip)).name
    assert plain.name != other.name
    assert "ball@test" in plain.name
    assert "pose@test" in plain.name
