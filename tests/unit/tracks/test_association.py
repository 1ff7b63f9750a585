"""Track ids under pans, crossings, short absences and cuts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raasid.tracks.association import Association
from raasid.tracks.similarity import PersonDetections

Box = tuple[float, float, float, float]
BOXES: list[Box] = [(100, 50, 10, 30), (180, 60, 10, 30), (240, 90, 12, 34), (330, 40, 9, 28)]


def ids(tracks: Association, boxes: list[Box]) -> list[int]:
    return tracks.update(PersonDetections.of_boxes(boxes)).tolist()


def test_people_keep_their_ids_under_a_pan() -> None:
    tracks = Association()
    assert ids(tracks, BOXES) == [0, 1, 2, 3]
    for step in range(1, 6):
        moved = [(x - 55 * step, y + 2 * step, w, h) for x, y, w, h in BOXES]
        assert ids(tracks, moved[::-1]) == [3, 2, 1, 0]


def test_a_new_person_gets_a_new_id() -> None:
    tracks = Association()
    ids(tracks, BOXES)
    assert ids(tracks, [*BOXES, (600, 300, 20, 50)]) == [0, 1, 2, 3, 4]


def test_a_person_missed_for_a_frame_keeps_the_id() -> None:
    tracks = Association()
    ids(tracks, BOXES)
    ids(tracks, BOXES[1:])
    assert ids(tracks, BOXES) == [0, 1, 2, 3]


def test_a_frame_may_have_no_person() -> None:
    tracks = Association()
    assert ids(tracks, []) == []
    assert ids(tracks, BOXES) == [0, 1, 2, 3]
    assert ids(tracks, []) == []


def test_no_id_is_given_twice_in_a_frame() -> None:
    rng = np.random.default_rng(1)
    tracks = Association()
    for _ in range(50):
        boxes = [(float(x), float(y), 10.0, 30.0) for x, y in rng.uniform(0, 300, (rng.integers(0, 12), 2))]
        found = ids(tracks, boxes)
        assert len(set(found)) == len(boxes)


def test_players_who_cross_keep_their_ids_by_their_motion() -> None:
    tracks = Association(reach=0.6)
    for step in range(20):
        right, left = (100 + 8.0 * step, 50.0, 30.0, 90.0), (260 - 8.0 * step, 56.0, 30.0, 90.0)
        if step == 10:  # one hides the other
            assert ids(tracks, [left]) in ([0], [1])
        else:
            assert ids(tracks, [right, left]) == [0, 1], step


def test_players_who_meet_and_part_keep_their_ids_by_their_shirts() -> None:
    shirts = np.array([[80, 0, 0], [40, 60, 40]], np.float32)
    apart = [60, 40, 20, 8, 4, 4, 8, 20, 40, 60]
    tracks = Association(reach=0.8)
    for step, gap in enumerate(apart):
        boxes: list[Box] = [(200.0 - gap, 50, 30, 90), (200.0 + gap, 52, 30, 90)]
        order = [1, 0] if step % 2 else [0, 1]  # the order of detections carries no information
        detections = replace(PersonDetections.of_boxes([boxes[i] for i in order]), shirts=shirts[order])
        assert tracks.update(detections).tolist() == order


def test_a_low_confidence_detection_continues_a_track_but_begins_none() -> None:
    tracks = Association(min_new_score=0.5)
    confident = PersonDetections.of_boxes(BOXES[:2])
    assert tracks.update(confident).tolist() == [0, 1]
    low_confidence = replace(
        PersonDetections.of_boxes(BOXES[:3]), score=np.array([0.9, 0.2, 0.2], np.float32)
    )
    assert tracks.update(low_confidence).tolist() == [0, 1, -1]


def test_a_reset_begins_new_tracks() -> None:
    tracks = Association()
    assert ids(tracks, BOXES) == [0, 1, 2, 3]
    tracks.reset()
    assert ids(tracks, BOXES) == [4, 5, 6, 7]
