from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.datasets.frame_cache import FrameCache, VideoFrame
from raasid.footage.frame_reader import FrameReader, read_frames
from raasid.footage.records import Frame
from raasid.io.image_reader import ImageUnreadable


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A hundred frames, each with its own grey level: twice its number."""
    path = tmp_path / "v.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for number in range(100):
        out.write(np.full((48, 64, 3), 2 * number, np.uint8))
    out.release()
    return path


def test_frames_of_a_video_are_read_by_number_in_any_order(video: Path) -> None:
    with FrameReader() as media:
        for index in (0, 1, 5, 4, 99, 98, 20, 0):
            frame = Frame(index, video, 64, 48, in_video=True)
            assert media.read(frame).mean() == pytest.approx(2 * index, abs=3)
        assert media.size(video) == (64, 48)


def test_a_frame_number_past_the_end_and_a_file_that_is_not_a_video_are_named(
    video: Path, tmp_path: Path
) -> None:
    text = tmp_path / "t.mp4"
    text.write_text("no video")
    frames = [
        Frame(100, video, 0, 0, in_video=True),
        Frame(0, text, 0, 0, in_video=True),
        Frame(0, tmp_path / "gone.mp4", 0, 0, in_video=True),
        Frame(0, tmp_path / "gone.png", 0, 0),
        Frame(3, video, 0, 0, in_video=True),
    ]
    got = [pixels for _, pixels in read_frames(frames)]
    assert all(isinstance(pixels, ImageUnreadable) for pixels in got[:4])
    assert "frame 100" in str(got[0])
    assert isinstance(got[4], np.ndarray)


def test_the_frame_cache_contains_frames_of_videos(video: Path, tmp_path: Path) -> None:
    sources = [VideoFrame(video, 7), VideoFrame(video, 90)]
    for budget in (1.0, 0.0):
        cache = FrameCache(sources, (32, 32), tmp_path / "cache", budget)
        assert cache.scale_of(0) == 0.5
        for number, level in enumerate((14, 180)):
            assert cache[number][:24].mean() == pytest.approx(level, abs=3)
            assert cache[number][24:].max() == 0
