from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.collect.annotators import NoAnnotator
from raasid.collect.collector import Collector
from raasid.collect.options import CollectOptions
from raasid.collect.source_discovery import Source
from raasid.collect.staging import StagingArea
from raasid.footage.frame_reader import FrameReader


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(StagingArea(tmp_path / "store"), CollectOptions(clip_s=1.0), NoAnnotator())


@pytest.fixture
def video(tmp_path: Path) -> Source:
    """Sixty frames, the grey level of each is twice its number."""
    path = tmp_path / "sixty frames.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for number in range(60):
        writer.write(np.full((48, 64, 3), 2 * number, np.uint8))
    writer.release()
    return Source(str(path), path.name)


def test_a_video_becomes_clips_with_its_metadata(collector: Collector, video: Source) -> None:
    result = collector.collect(video, "")
    assert result.part is not None
    assert result.findings == ()
    clips = collector.staging.clips(result.part)
    assert [len(clip.frames) for clip in clips] == [5, 5, 2]
    assert [clip.facts["clip_start_s"] for clip in clips] == [0.0, 1.0, 2.0]
    facts = clips[0].facts
    assert (facts["source_width"], facts["source_height"], facts["source_frames"]) == (64, 48, 60)
    assert (facts["source_codec"], facts["source_frame_rate_hz"]) == ("MJPG", 25.0)
    assert (facts["source_duration_s"], facts["source_sha256"]) == (2.4, result.sha256)


def test_a_kept_frame_is_the_frame_of_the_video_at_its_index(collector: Collector, video: Source) -> None:
    result = collector.collect(video, "")
    assert result.part is not None
    with FrameReader() as media:
        for start, clip in zip((0, 25, 50), collector.staging.clips(result.part), strict=True):
            for frame in clip.frames:
                assert media.read(frame).mean() == pytest.approx(2 * (start + frame.index), abs=4)


def test_the_beginning_of_a_truncated_video_is_kept_and_the_end_reported(
    collector: Collector, video: Source
) -> None:
    content = video.path.read_bytes()
    video.path.write_bytes(content[: content.index(b"movi") + (len(content) - content.index(b"movi")) // 2])
    result = collector.collect(video, "")
    assert result.part is not None
    frames = sum(len(clip.frames) for clip in collector.staging.clips(result.part))
    assert 0 < frames < 12
    assert result.findings[0].startswith("truncated video: decoding stopped at frame ")


def test_exif_rotation_is_applied_to_the_size_and_the_file_is_unchanged(
    collector: Collector, tmp_path: Path
) -> None:
    from PIL import Image

    path = tmp_path / "turned.jpg"
    image, exif = Image.new("RGB", (60, 40)), Image.Exif()
    exif[0x0112] = 6
    image.save(path, exif=exif)
    result = collector.collect(Source(str(path), path.name), "")
    assert result.part is not None
    ((frame,),) = (clip.frames for clip in collector.staging.clips(result.part))
    assert (frame.width, frame.height) == (40, 60)
    assert frame.image.read_bytes() == path.read_bytes()


def test_images_of_other_formats_become_jpeg(collector: Collector, tmp_path: Path) -> None:
    path = tmp_path / "old.bmp"
    cv2.imwrite(str(path), np.full((40, 60, 3), 80, np.uint8))
    result = collector.collect(Source(str(path), path.name), "")
    assert result.part is not None
    assert collector.staging.clips(result.part)[0].frames[0].image.suffix == ".jpg"
