"""TrackNet's tables: points, invisible balls at (0, 0), and different headers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from fuzzing import SEEDS
from small_videos import write_video

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.tracknet import read
from raasid.footage.records import Ball, Visibility

HEADER = "Frame,Visibility,X,Y\n"


def table(path: Path, rows: str, header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + rows)
    return path


def reasons(root: Path) -> list[tuple[int | None, str]]:
    return [(entry.line, entry.reason) for entry in read(root).quarantine]


def test_a_row_is_a_frame_with_a_point_or_without_a_ball() -> None:
    clip = next(clip for clip in read(SEEDS / "tracknet").clips if "match1" in clip.id)
    assert (clip.id, clip.match, clip.frame_rate_hz) == ("match1/csv/1_01_00_ball", "match1", 30.0)
    assert [frame.index for frame in clip.frames] == [0, 1, 2, 3]
    assert clip.frames[1].balls == (Ball(918.5, 421, 0, 0),)
    assert clip.frames[2].balls == ()


def test_the_tennis_dataset_has_other_headers_names_and_more_visibilities() -> None:
    clip = next(clip for clip in read(SEEDS / "tracknet").clips if "game1" in clip.id)
    visibilities = [frame.balls[0].visibility if frame.balls else None for frame in clip.frames]
    assert visibilities == [Visibility.CLEAR, None, Visibility.BLURRED, Visibility.HIDDEN]
    assert clip.match == "game1/Clip1"


def test_an_invisible_ball_has_no_position_whatever_its_coordinates(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", "0,0,nan,\n1,0,55,66\n2,1,5,6\n")
    assert [len(frame.balls) for frame in read(tmp_path).clips[0].frames] == [0, 0, 1]


def test_invalid_rows_are_reported(tmp_path: Path) -> None:
    table(
        tmp_path / "a.csv",
        "0,1,5,6\n0,1,7,8\n1,1,0,0\n2,5,1,1\n-1,1,1,1\n2000000000,1,1,1\n3,1,nan,1\n4,1,-4,1\n",
    )
    assert reasons(tmp_path) == [
        (3, "second row of one frame: 0"),
        (4, "visible ball at the origin: visibility 1, X 0, Y 0"),
        (5, "visibility outside [0, 3]: '5'"),
        (6, "frame outside [0, 10000000]: '-1'"),
        (7, "frame outside [0, 10000000]: '2000000000'"),
        (8, "X is no number: 'nan'"),
        (9, "X outside [0, 1000000]: '-4'"),
    ]


def test_the_video_of_the_rally_gives_size_and_frame_rate_and_limits_the_frames(tmp_path: Path) -> None:
    table(tmp_path / "match2" / "csv" / "1_01_00_ball.csv", "0,1,5,6\n9,1,7,8\n10,1,7,8\n3,1,65,8\n")
    video = write_video(tmp_path / "match2" / "video" / "1_01_00.mp4", 10, rate=60.0)
    (clip,) = read(tmp_path).clips
    assert clip.frame_rate_hz == 60.0
    assert [(f.index, f.image, f.width, f.in_video) for f in clip.frames] == [
        (0, video, 64, True),
        (9, video, 64, True),
    ]
    assert reasons(tmp_path) == [
        (4, "frame behind the end of the video: 10 of 10"),
        (5, "X outside [0, 64]: '65'"),
    ]
    assert read(tmp_path).notes == ()


def test_a_folder_of_frames_is_used_and_missing_frames_are_reported(tmp_path: Path) -> None:
    table(tmp_path / "Label.csv", "0000.png,1,5,6\n0001.png,1,7,8\n")
    cv2.imwrite(str(tmp_path / "0000.png"), np.zeros((36, 64, 3), np.uint8))
    (clip,) = read(tmp_path).clips
    (frame,) = clip.frames
    assert (frame.image.name, frame.width, frame.height, frame.in_video) == ("0000.png", 64, 36, False)
    assert reasons(tmp_path) == [(3, "no image of the frame: 1")]


def test_an_unreadable_video_and_an_unrelated_table_are_left_out_and_the_rest_loads(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", "0,1,5,6\n")
    table(tmp_path / "b.csv", "0,1,5,6\n")
    table(tmp_path / "scores.csv", "1,2\n", header="set,points\n")
    (tmp_path / "b.mp4").write_bytes(b"x")
    footage = read(tmp_path)
    assert [clip.id for clip in footage.clips] == ["a"]
    assert [(entry.path, entry.kind) for entry in footage.quarantine] == [
        ("b.csv", "its media cannot be read"),
        ("scores.csv", "no column Frame or Frame No or file name or num"),
        ("scores.csv", "no usable row"),
    ]


def test_folders_named_after_splits_are_splits(tmp_path: Path) -> None:
    for folder in ("Train/match1/csv", "Test/match9/csv"):
        table(tmp_path / folder / "1_01_00_ball.csv", "0,1,5,6\n")
    assert read(tmp_path).splits == {
        "train": ["Train/match1/csv/1_01_00_ball"],
        "test": ["Test/match9/csv/1_01_00_ball"],
    }


def test_missing_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match="a CSV per rally"):
        read(tmp_path)


def test_the_sample_loads(shared: Path) -> None:
    (clip,) = read(shared / "data" / "formats" / "tracknet").clips
    assert [frame.balls for frame in clip.frames] == [(Ball(912, 430, 0, 0),), ()]
