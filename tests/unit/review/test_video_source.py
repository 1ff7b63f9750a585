from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from staged_play import SIZE, play, write_clip

from raasid.collect.source_discovery import Source
from raasid.io.video_reader import VideoUnreadable
from raasid.review.video_source import open_video


def test_the_frames_that_can_be_decoded_are_counted(tmp_path: Path) -> None:
    video = open_video(write_clip(tmp_path / "clip.mp4", play(12), rate=10.0))
    assert (video.frames, video.frame_rate_hz, video.width, video.height) == (12, 10.0, *SIZE)
    assert not video.truncated


def test_frames_from_the_middle_equal_those_of_the_whole_video(tmp_path: Path) -> None:
    video = open_video(write_clip(tmp_path / "clip.mp4", play(12)))
    images, rest = list(video.images()), list(video.images(7))
    assert len(rest) == 5
    assert all(np.array_equal(a, b) for a, b in zip(images[7:], rest, strict=True))


def test_a_truncated_video_ends_where_decoding_does(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "torn.avi", play(40), codec="MJPG")
    data = source.path.read_bytes()
    source.path.write_bytes(data[: len(data) // 2])
    video = open_video(source)
    assert 5 < video.frames < 35
    assert video.truncated
    assert len(list(video.images())) == video.frames


@pytest.mark.parametrize("content", [b"", b"no video at all" * 99])
def test_a_file_that_is_no_video_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoUnreadable, match=r"broken\.mp4"):
        open_video(Source(str(path), path.name))


def test_frames_of_another_size_are_resized_to_that_of_the_first(tmp_path: Path) -> None:
    """FFmpeg reads consecutive raw JPEGs as a video, whatever their sizes."""
    path = tmp_path / "sizes.mjpeg"
    images = [np.full((h, w, 3), 90, np.uint8) for w, h in ((96, 64), (96, 64), (48, 32), (96, 64))]
    path.write_bytes(b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in images))
    video = open_video(Source(str(path), path.name))
    assert {image.shape[:2] for image in video.images()} == {(video.height, video.width)}


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    one = open_video(write_clip(tmp_path / "clip.mp4", play(5))).stamp
    assert open_video(Source(str(tmp_path / "clip.mp4"), "other name")).stamp == one
    assert open_video(write_clip(tmp_path / "clip.mp4", play(6))).stamp != one
