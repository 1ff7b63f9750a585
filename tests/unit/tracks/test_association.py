from __future__ import annotations

from dataclasses import replace

import numpy as np

from raasid.tracks.association import Association
from raasid.tracks.similarity import Sightings

Box = tuple[float, float, float, float]
BOXES: list[Box] = [(100, 50, 10, 30), (180, 60, 10, 30), (240, 90, 12, 34), (330, 40, 9, 28)]


def number(tracks: Association, boxes: list[Box]) -> list[int]:
    return tracks.number(Sightings.of_boxes(boxes)).tolist()


def test_people_keep_their_number_under_a_pan() -> None:
    tracks = Association()
    assert number(tracks, BOXES) == [0, 1, 2, 3]
    for step in range(1, 6):
        moved = [(x - 55 * step, y + 2 * step, w, h) for x, y, w, h in BOXES]
        assert number(tracks, moved[::-1]) == [3, 2, 1, 0]


def test_a_newcomer_gets_a_new_number() -> None:
    tracks = Association()
    number(tracks, BOXES)
    assert number(tracks, [*BOXES, (600, 300, 20, 50)]) == [0, 1, 2, 3, 4]


def test_who_was_unseen_for_a_moment_is_the_same() -> None:
    tracks = Association()
    number(tracks, BOXES)
    number(tracks, BOXES[1:])
    assert number(tracks, BOXES) == [0, 1, 2, 3]


def test_nobody_is_no_trouble() -> None:
    tracks = Association()
    assert number(tracks, []) == []
    assert number(tracks, BOXES) == [0, 1, 2, 3]
    assert number(tracks, []) == []


def test_no_number_is_given_twice_in_a_frame() -> None:
    rng = np.random.default_rng(1)
    tracks = Association()
    for _ in range(50):
        boxes = [(float(x), float(y), 10.0, 30.0) for x, y in rng.uniform(0, 300, (rng.integers(0, 12), 2))]
        numbers = number(tracks, boxes)
        assert len(set(numbers)) == len(boxes)


def test_players_who_cross_are_told_apart_by_their_motion() -> None:
    tracks = Association(reach=0.6)
    for step in range(20):
        right, left = (100 + 8.0 * step, 50.0, 30.0, 90.0), (260 - 8.0 * step, 56.0, 30.0, 90.0)
        if step == 10:  # one hides the other
            assert number(tracks, [left]) in ([0], [1])
        else:
            assert number(tracks, [right, left]) == [0, 1], step


def test_players_who_meet_and_part_are_told_apart_by_their_shirts() -> None:
    kits = np.array([[80, 0, 0], [40, 60, 40]], np.float32)
    apart = [60, 40, 20, 8, 4, 4, 8, 20, 40, 60]
    tracks = Association(reach=0.8)
    for step, gap in enumerate(apart):
        boxes: list[Box] = [(200.0 - gap, 50, 30, 90), (200.0 + gap, 52, 30, 90)]
        order = [1, 0] if step % 2 else [0, 1]  # a detector's order says nothing
        sightings = replace(Sightings.of_boxes([boxes[i] for i in order]), kits=kits[order])
        assert tracks.number(sightings).tolist() == order


def test_an_unsure_sighting_continues_a_track_but_begins_none() -> None:
    tracks = Association(sure=0.5)
    sure = Sightings.of_boxes(BOXES[:2])
    assert tracks.number(sure).tolist() == [0, 1]
    unsure = replace(Sightings.of_boxes(BOXES[:3]), score=np.array([0.9, 0.2, 0.2], np.float32))
    assert tracks.number(unsure).tolist() == [0, 1, -1]


def test_after_a_cut_nobody_is_who_he_was() -> None:
    tracks = Association()
    assert number(tracks, BOXES) == [0, 1, 2, 3]
    tracks.forget()
    assert number(tracks, BOXES) == [4, 5, 6, 7]
