from __future__ import annotations

from pathlib import Path

import pytest
from staged_play import Eyes, film_of, play

from raasid.review.perceived_frames import Stretches
from raasid.review.video_source import Film, open_film


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return open_film(film_of(tmp_path / "clip.mp4", play(23)))


def deaf(steps: int) -> None:
    pass


def test_what_was_perceived_can_be_read_in_any_part(film: Film, tmp_path: Path) -> None:
    truth = play(23)
    stretches = Stretches(tmp_path / "tracks", film, length=5)
    stretches.perceive(Eyes(truth), deaf)
    assert [frame.balls for frame in stretches.frames(3, 17)] == [frame.balls for frame in truth[3:17]]
    assert [len(part) for part in stretches] == [5, 5, 5, 5, 3]
    assert {frame.image for frame in stretches.frames(0, 23)} == {film.path}


def test_a_review_that_is_killed_goes_on_with_its_stretch(film: Film, tmp_path: Path) -> None:
    truth = play(23)
    folder = tmp_path / "tracks"
    with pytest.raises(KeyboardInterrupt):
        Stretches(folder, film, length=5).perceive(Eyes(truth, killed_at=13), deaf)
    told: list[int] = []
    eyes = Eyes(truth)
    stretches = Stretches(folder, film, length=5)
    stretches.perceive(eyes, told.append)
    assert eyes.looked == list(range(10, 23))
    assert told == [10]
    assert [frame.index for frame in stretches.frames(0, 23)] == list(range(23))
    assert {person.track for frame in stretches.frames(0, 23) for person in frame.persons} == {3}


def test_what_is_there_is_not_looked_at_again(film: Film, tmp_path: Path) -> None:
    truth = play(23)
    Stretches(tmp_path / "tracks", film, length=5).perceive(Eyes(truth), deaf)
    again = Eyes(truth)
    Stretches(tmp_path / "tracks", film, length=5).perceive(again, deaf)
    assert again.looked == []
