from __future__ import annotations

from raasid.footage.formats.keyframe_interpolation import MAX_GAP_FRAMES, interpolate, interpolate_pair
from raasid.footage.records import Ball, Person, Visibility

STILL, MOVED = Ball(0.0, 0.0, 0.0, 0.0), Ball(10.0, 20.0, 4.0, 4.0)


def x_by_frame(
    keys: dict, stop: int | None = None, step: int = 1, written: int = 0
) -> tuple[dict, list[str]]:
    rejections: list[str] = []
    found = interpolate(
        keys, stop=stop, step=step, written=written, reject=lambda _, reason: rejections.append(reason)
    )
    return {frame: record.x for frame, record in found}, rejections


def test_positions_between_keyframes_are_linear() -> None:
    assert x_by_frame({0: STILL, 4: MOVED})[0] == {0: 0, 1: 2.5, 2: 5, 3: 7.5, 4: 10}


def test_the_order_of_the_keyframes_does_not_matter() -> None:
    assert x_by_frame({4: MOVED, 0: STILL}) == x_by_frame({0: STILL, 4: MOVED})


def test_a_track_ends_where_it_goes_outside_and_resumes_at_the_next_keyframe() -> None:
    assert x_by_frame({0: MOVED, 2: None, 4: MOVED})[0] == {0: 10, 1: 10, 4: 10}


def test_after_the_last_keyframe_the_position_holds_to_the_end_if_known() -> None:
    assert x_by_frame({3: MOVED}, stop=6)[0] == {3: 10, 4: 10, 5: 10}
    assert x_by_frame({3: MOVED})[0] == {3: 10}
    assert x_by_frame({3: None}, stop=6)[0] == {}
    assert x_by_frame({}, stop=6)[0] == {}


def test_only_existing_frames_are_filled() -> None:
    assert x_by_frame({0: STILL, 10: MOVED}, step=5)[0] == {0: 0, 5: 5, 10: 10}


def test_too_long_a_gap_is_reported_and_not_filled_unless_the_file_lists_its_frames() -> None:
    found, rejections = x_by_frame({7: MOVED, 7 + MAX_GAP_FRAMES + 1: MOVED})
    assert found == {7: 10, 8 + MAX_GAP_FRAMES: 10}
    assert rejections == [f"gap too long to fill: {MAX_GAP_FRAMES + 1} frames after frame 7"]
    found, rejections = x_by_frame({7: MOVED, 7 + MAX_GAP_FRAMES + 1: MOVED}, written=1)
    assert (len(found), rejections) == (MAX_GAP_FRAMES + 2, [])
    assert len(x_by_frame({0: MOVED, 2**60: MOVED})[0]) == 2


def test_an_object_that_does_not_move_shares_one_record() -> None:
    found = dict(interpolate({0: MOVED, 9: MOVED}, stop=None, reject=lambda *_: None))
    assert len({id(record) for record in found.values()}) == 1


def test_keypoints_of_a_person_are_interpolated_and_other_fields_kept() -> None:
    first = Person(3, "player", (0.0, 0.0, 10.0, 20.0), "left", ((0.0, 0.0, 1), (0.0, 0.0, 0)), jersey="9")
    second = Person(3, "player", (10.0, 10.0, 20.0, 20.0), None, ((4.0, 8.0, 2), (9.0, 9.0, 2)))
    between = interpolate_pair(first, second, 0.5)
    assert isinstance(between, Person)
    assert between.box == (5, 5, 15, 20)
    assert between.keypoints == ((2, 4, 1), (0, 0, 0))
    assert (between.team, between.jersey) == ("left", "9")


def test_a_ball_has_the_visibility_of_its_last_keyframe() -> None:
    hidden = Ball(0.0, 0.0, 0.0, 0.0, Visibility.HIDDEN)
    between = interpolate_pair(hidden, MOVED, 0.5)
    assert isinstance(between, Ball)
    assert between.visibility == Visibility.HIDDEN
