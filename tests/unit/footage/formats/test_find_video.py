"""The header of a video, and files that are not videos."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_videos import write_video

from raasid.footage.formats.media_lookup import find_video
from raasid.io.video_reader import VideoUnreadable, probe_video


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_size_frame_rate_and_length_are_read(tmp_path: Path, suffix: str) -> None:
    header = probe_video(write_video(tmp_path / f"a{suffix}", 12))
    assert (header.width, header.height, header.frame_rate_hz, header.num_frames) == (64, 36, 25.0, 12)


@pytest.mark.parametrize("content", [b"", b"no video at all", None])
def test_a_file_that_is_not_a_video_is_a_typed_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoUnreadable, match=r"a\.mp4: (no video|cannot be read)"):
        probe_video(path)


def test_a_truncated_video_is_a_typed_error(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 12)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(VideoUnreadable):
        probe_video(path)


def test_the_first_folder_with_a_video_of_that_name_counts(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.mkv").touch()
    assert find_video([tmp_path / "a", tmp_path / "b"], "x") == tmp_path / "b" / "x.mkv"
    assert find_video([tmp_path], "x") is None
