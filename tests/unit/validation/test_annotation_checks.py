from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_footage import STANDING, clip, found, frame, person, rolling

from raasid.footage.records import Ball, Contact, Frame, Visibility
from raasid.validation.ball_checks import check_ball_path, check_missing_ball
from raasid.validation.box_checks import check_boxes, check_contact, check_duplicate_boxes, check_names
from raasid.validation.pose_checks import check_keypoints, check_left_right, check_skeletons

Box = tuple[float, float, float, float]


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ((10.0, 10.0, 20.0, 40.0), None),
        ((-1.5, 10.0, 20.0, 40.0), None),
        ((-9.0, 10.0, 20.0, 40.0), "box_outside"),
        ((190.0, 10.0, 20.0, 40.0), "box_outside"),
        ((500.0, 500.0, 20.0, 40.0), "box_outside"),
        ((10.0, 10.0, 0.0, 40.0), "no_size"),
        ((10.0, 10.0, 20.0, -4.0), "no_size"),
        ((math.nan, 10.0, 20.0, 40.0), "not_finite"),
        ((10.0, 10.0, math.inf, 40.0), "not_finite"),
    ],
)
def test_a_box_must_have_a_size_and_be_inside_the_frame(box: Box, kind: str | None) -> None:
    clips = clip(frame(0, persons=[replace(person(), box=box)]))
    assert [finding.kind for finding in found(check_boxes, clips)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("ball", "kinds"),
    [
        (Ball(50, 50, 0, 0), []),
        (Ball(0, 0, 0, 0, Visibility.ABSENT), []),
        (Ball(50, 50, 8, 0), ["no_size"]),
        (Ball(300, 50, 8, 8), ["box_outside"]),
        (Ball(300, 50, 0, 0), ["box_outside"]),
        (Ball(math.nan, 50, 8, 8), ["not_finite"]),
    ],
)
def test_a_ball_may_be_a_point_but_not_a_line(ball: Ball, kinds: list[str]) -> None:
    assert [finding.kind for finding in found(check_boxes, clip(frame(0, ball)))] == kinds


def test_frames_of_unknown_size_have_no_out_of_frame_findings() -> None:
    unknown = Frame(0, Path("a.jpg"), 0, 0, (Ball(9999, 50, 8, 8),))
    assert found(check_boxes, clip(unknown)) == []


def test_a_keypoint_may_be_slightly_outside_its_box() -> None:
    over, far = STANDING.copy(), STANDING.copy()
    over[9, 0] += 15
    far[9, 0] += 60
    assert found(check_keypoints, clip(frame(0, persons=[person(over)]))) == []
    (finding,) = found(check_keypoints, clip(frame(0, persons=[person(far)])))
    assert "left wrist" in finding.message


def test_a_limb_is_not_longer_than_the_body_allows() -> None:
    odd = STANDING.copy()
    odd[15] += (120, 40)
    assert found(check_skeletons, clip(frame(0, persons=[person()]))) == []
    (finding,) = found(check_skeletons, clip(frame(0, persons=[person(odd)])))
    assert "left shank" in finding.message


def test_foreshortened_limbs_are_not_a_finding() -> None:
    bowed = STANDING.copy()
    bowed[13:] = bowed[11:13].repeat(2, axis=0) + np.array([0, 3])
    assert found(check_skeletons, clip(frame(0, persons=[person(bowed)]))) == []


def walking(count: int, swap: dict[int, list[int]]) -> list[Frame]:
    """A person whose arms swing; `swap`: frame -> the left joints that are exchanged with the right ones."""
    frames = []
    for i in range(count):
        points = STANDING.copy()
        points[[7, 9], 1] -= 4 * math.sin(i / 3)
        points[[8, 10], 1] += 4 * math.sin(i / 3)
        for left in swap.get(i, []):
            points[[left, left + 1]] = points[[left + 1, left]]
        frames.append(frame(i, persons=[person(points)]))
    return frames


def test_swapped_wrists_are_found_from_neighbouring_frames() -> None:
    hits = found(check_left_right, clip(*walking(9, {4: [9], 7: [9], 8: [9]})))
    assert [finding.frame for finding in hits] == [4, 7, 8]
    assert {finding.track for finding in hits} == {1}


def test_a_body_with_left_and_right_swapped_is_found() -> None:
    (finding,) = found(check_left_right, clip(*walking(9, {4: [1, 3, 5, 7, 9, 11, 13, 15]})))
    assert finding.frame == 4
    assert "whole body" in finding.message


def test_swapped_wrists_of_a_single_frame_are_found_by_anatomy() -> None:
    wide = STANDING.copy()
    wide[[7, 9]] = (75, 30), (90, 32)
    wide[[8, 10]] = (25, 30), (10, 32)
    assert found(check_left_right, clip(frame(0, persons=[person(wide)]))) == []
    wide[[9, 10]] = wide[[10, 9]]
    assert len(found(check_left_right, clip(frame(0, persons=[person(wide)])))) == 1


def test_a_track_that_jumps_to_another_person_is_not_continued() -> None:
    mirrored = walking(1, {0: [1, 3, 5, 7, 9, 11, 13, 15]})[0].persons[0]
    elsewhere = replace(mirrored, box=(130.0, 5.0, 40.0, 105.0))
    points = tuple((x + 100, y, visibility) for x, y, visibility in mirrored.keypoints)
    other = frame(1, persons=[replace(elsewhere, keypoints=points)])
    assert found(check_left_right, clip(*walking(1, {}), other)) == []


def test_a_ball_missing_between_two_labelled_ones_is_found() -> None:
    hits = found(check_missing_ball, rolling(10, missing=[0, 4, 5, 9]))
    assert [finding.frame for finding in hits] == [0, 4, 5, 9]
    box_xywh = hits[1].place
    assert box_xywh is not None
    assert box_xywh[0] + box_xywh[2] / 2 == pytest.approx(70)


def test_a_ball_that_is_labelled_hidden_or_absent_is_not_missing() -> None:
    frames = list(rolling(8).frames)
    frames[2] = frame(2, Ball(60, 60, 8, 8, Visibility.HIDDEN))
    frames[3] = frame(3, Ball(0, 0, 0, 0, Visibility.ABSENT))
    frames[4] = frame(4, tags=["no_ball"])
    assert found(check_missing_ball, clip(*frames)) == []


def test_a_ball_that_rolls_out_of_the_frame_is_not_missing() -> None:
    frames = [frame(i, Ball(170.0 + 10 * i, 60, 8, 8)) for i in range(3)] + [frame(3), frame(4)]
    assert found(check_missing_ball, clip(*frames)) == []


def test_a_clip_without_any_ball_has_no_findings() -> None:
    assert found(check_missing_ball, rolling(5, missing=range(5))) == []


def test_a_ball_that_leaves_its_path_and_returns_is_a_jump() -> None:
    frames = list(rolling(9).frames)
    frames[4] = frame(4, Ball(150, 20, 8, 8))
    hits = [finding for finding in found(check_ball_path, clip(*frames)) if finding.kind == "ball_jump"]
    assert [finding.frame for finding in hits] == [4]


def test_a_kick_is_not_a_jump() -> None:
    positions = [(50, 60), (50, 60), (50, 60), (80, 50), (110, 40), (140, 30)]
    assert (
        found(
            check_ball_path,
            clip(*(frame(i, Ball(x, y, 8, 8)) for i, (x, y) in enumerate(positions))),
        )
        == []
    )


def test_a_ball_much_larger_than_in_neighbouring_frames_is_found() -> None:
    frames = list(rolling(9).frames)
    frames[4] = frame(4, Ball(70, 60, 30, 30))
    (finding,) = found(check_ball_path, clip(*frames))
    assert (finding.kind, finding.frame) == ("ball_size", 4)


def test_two_boxes_of_one_person_are_found() -> None:
    twin = replace(person(), track=2, box=(30.2, 5.0, 40.0, 105.0))
    near = replace(person(), track=3, box=(45.0, 5.0, 40.0, 105.0))
    (finding,) = found(check_duplicate_boxes, clip(frame(0, persons=[person(), twin, near])))
    assert finding.track == 2


def test_a_track_that_occurs_twice_in_a_frame_is_found() -> None:
    again = replace(person(), box=(130.0, 5.0, 40.0, 105.0))
    (finding,) = found(check_duplicate_boxes, clip(frame(0, persons=[person(), again])))
    assert "2 times" in finding.message


def test_boxes_that_are_not_finite_are_not_duplicates() -> None:
    lost = [replace(person(), track=k, box=(math.nan, 0.0, 1.0, 1.0)) for k in (1, 2)]
    assert found(check_duplicate_boxes, clip(frame(0, persons=lost))) == []


def test_unknown_roles_segments_and_facts_are_named() -> None:
    odd = clip(frame(0, persons=[person(role="linesman")]))
    odd = replace(odd, contact=Contact(0, 1, "left", "elbow"), facts={"deliberate": "maybe"})
    message = [finding.message for finding in found(check_names, odd)]
    assert ["'linesman'" in message[0], "'elbow'" in message[1], "deliberate" in message[2]] == [True] * 3


def test_a_contact_without_its_frame_or_person_is_found() -> None:
    good = replace(clip(frame(0, persons=[person()])), contact=Contact(0, 1, "left", "hand"))
    assert found(check_contact, good) == []
    for wrong in (Contact(7, 1, "left", "hand"), Contact(0, 9, "left", "hand")):
        assert [f.kind for f in found(check_contact, replace(good, contact=wrong))] == ["bad_contact"]


@pytest.mark.parametrize("check", [check_keypoints, check_skeletons, check_left_right])
def test_footage_without_skeletons_has_no_findings(check: object) -> None:
    bare = replace(person(), keypoints=())
    few = replace(person(np.zeros((17, 2))), keypoints=tuple((0.0, 0.0, 0) for _ in range(17)))
    assert found(check, clip(frame(0), frame(1, persons=[bare, replace(few, track=2)]))) == []  # type: ignore[attr-defined]
