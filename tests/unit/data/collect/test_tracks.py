from __future__ import annotations

import numpy as np

from raasid.data.collect.tracks import Box, Tracks

BOXES: list[Box] = [(100, 50, 10, 30), (180, 60, 10, 30), (240, 90, 12, 34), (330, 40, 9, 28)]


def test_people_keep_their_number_under_a_pan() -> None:
    tracks = Tracks()
    assert tracks.number(BOXES) == [0, 1, 2, 3]
    for step in range(1, 6):
        moved = [(x - 55 * step, y + 2 * step, w, h) for x, y, w, h in BOXES]
        assert tracks.number(moved[::-1]) == [3, 2, 1, 0]


def test_a_newcomer_gets_a_new_number() -> None:
    tracks = Tracks()
    tracks.number(BOXES)
    assert tracks.number([*BOXES, (600, 300, 20, 50)]) == [0, 1, 2, 3, 4]


def test_who_was_unseen_for_a_moment_is_the_same() -> None:
    tracks = Tracks()
    tracks.number(BOXES)
    tracks.number(BOXES[1:])
    assert tracks.number(BOXES) == [0, 1, 2, 3]


def test_nobody_is_no_trouble() -> None:
    tracks = Tracks()
    assert tracks.number([]) == []
    assert tracks.number(BOXES) == [0, 1, 2, 3]
    assert tracks.number([]) == []


def test_no_number_is_given_twice_in_a_frame() -> None:
    rng = np.random.default_rng(1)
    tracks = Tracks()
    for _ in range(50):
        boxes = [(float(x), float(y), 10.0, 30.0) for x, y in rng.uniform(0, 300, (rng.integers(0, 12), 2))]
        numbers = tracks.number(boxes)
        assert len(set(numbers)) == len(boxes)
