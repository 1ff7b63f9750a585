from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from staged_play import SIZE, film_of, play

from raasid.collect.source_discovery import Source
from raasid.io.video_reader import VideoUnreadable
from raasid.review.video_source import open_film


def test_a_film_knows_how_many_frames_can_be_decoded(tmp_path: Path) -> None:
    film = open_film(film_of(tmp_path / "clip.mp4", play(12), rate=10.0))
    assert (film.frames, film.frame_rate_hz, film.width, film.height) == (12, 10.0, *SIZE)
    assert not film.torn


def test_frames_from_the_middle_are_those_of_the_whole_film(tmp_path: Path) -> None:
    film = open_film(film_of(tmp_path / "clip.mp4", play(12)))
    whole, rest = list(film.images()), list(film.images(7))
    assert len(rest) == 5
    assert all(np.array_equal(a, b) for a, b in zip(whole[7:], rest, strict=True))


def test_a_torn_film_ends_where_decoding_does_and_says_so(tmp_path: Path) -> None:
    source = film_of(tmp_path / "torn.avi", play(40), codec="MJPG")
    data = source.path.read_bytes()
    source.path.write_bytes(data[: len(data) // 2])
    film = open_film(source)
    assert 5 < film.frames < 35
    assert film.torn
    assert len(list(film.images())) == film.frames


@pytest.mark.parametrize("content", [b"", b"no video at all" * 99])
def test_what_is_no_video_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoUnreadable, match=r"broken\.mp4"):
        open_film(Source(str(path), path.name))


def test_frames_of_another_size_are_brought_to_that_of_the_first(tmp_path: Path) -> None:
    """Raw JPEGs one after the other are a video to FFmpeg, whatever their sizes."""
    path = tmp_path / "sizes.mjpeg"
    pictures = [np.full((h, w, 3), 90, np.uint8) for w, h in ((96, 64), (96, 64), (48, 32), (96, 64))]
    path.write_bytes(b"".join(cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures))
    film = open_film(Source(str(path), path.name))
    assert {image.shape[:2] for image in film.images()} == {(film.height, film.width)}


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    one = open_film(film_of(tmp_path / "clip.mp4", play(5))).stamp
    assert open_film(Source(str(tmp_path / "clip.mp4"), "other name")).stamp == one
    assert open_film(film_of(tmp_path / "clip.mp4", play(6))).stamp != one
