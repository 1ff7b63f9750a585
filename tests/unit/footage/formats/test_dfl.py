"""The DFL event table: windows become clips, attributes are Python literals, halves share a match."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import SEEDS
from small_videos import write_video

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.dfl import read
from raasid.footage.formats.parsing.csv_reader import TableUnreadable
from raasid.footage.records import Event

HEADER = "video_id,time,event,event_attributes\n"


def table(root: Path, rows: str) -> Path:
    (root / "train.csv").write_text(HEADER + rows)
    return root


def reasons(root: Path) -> list[tuple[int | None, str]]:
    return [(entry.line, entry.reason) for entry in read(root).quarantine]


def test_a_window_is_a_clip_with_the_events_between_start_and_end() -> None:
    footage = read(SEEDS / "dfl")
    clip = footage.clips[1]
    assert (clip.id, clip.frame_rate_hz) == ("1606b0e6_0/00005253", 25.0)
    assert clip.events == (Event(5272, "play", None, ("pass", "openplay")),)
    assert [frame.index for frame in clip.frames] == [5253, 5272, 5316]
    assert clip.frames[0].image == SEEDS / "dfl" / "train" / "1606b0e6_0.mp4"
    assert footage.notes == ("2 of 2 videos are not there: labels alone, such as for 1606b0e6_0",)


def test_both_halves_belong_to_one_match() -> None:
    assert {clip.match for clip in read(SEEDS / "dfl").clips} == {"1606b0e6"}


def test_unpaired_starts_and_ends_and_events_outside_windows_are_reported(tmp_path: Path) -> None:
    rows = "a_0,1,end,\na_0,2,play,['pass']\na_0,3,start,\na_0,4,play,['pass']\na_0,5,start,\na_0,6,end,\n"
    rows += "a_0,7,start,\na_0,8,challenge,['fouled']\n"
    root = table(tmp_path, rows)
    assert reasons(root) == [
        (2, "end without a start: end at 1 s"),
        (3, "event outside the scored windows: play at 2 s"),
        (4, "start without an end: at 3 s"),
        (5, "event outside the scored windows: play at 4 s"),
        (8, "start without an end: at 7 s"),
        (9, "event outside the scored windows: challenge at 8 s"),
    ]
    assert [clip.id for clip in read(root).clips] == ["a_0/00000125"]


def test_rows_may_be_in_any_order_with_videos_interleaved(tmp_path: Path) -> None:
    rows = "b_1,6,end,nan\na_0,1,start,\nb_1,5,start,NaN\na_0,2,end,\nb_1,5.5,play,\"['cross']\"\n"
    clips = read(table(tmp_path, rows)).clips
    assert [(clip.id, len(clip.events)) for clip in clips] == [("a_0/00000025", 0), ("b_1/00000125", 1)]


@pytest.mark.parametrize(
    "cell",
    [
        "pass",
        "[1, 2]",
        "__import__('os').system('true')",
        "{'a': 1}",
        "[" * 250,
        "['a'",
        "['x'] * 10**9",
        "5",
    ],
)
def test_attributes_that_are_not_a_list_of_names_are_reported_and_never_evaluated(
    tmp_path: Path, cell: str
) -> None:
    root = table(tmp_path, f'a_0,1,start,\na_0,2,play,"{cell}"\na_0,3,end,\n')
    ((line, reason),) = reasons(root)
    assert line == 3
    assert reason.startswith("event_attributes")


@pytest.mark.parametrize("time", ["nan", "-1", "1e400", "", "ten", "99999999"])
def test_an_impossible_time_is_reported(tmp_path: Path, time: str) -> None:
    root = table(tmp_path, f"a_0,1,start,\na_0,{time},play,\na_0,3,end,\n")
    assert [line for line, _ in reasons(root)] == [3]


def test_the_frame_rate_comes_from_the_video_and_windows_past_its_end_are_reported(tmp_path: Path) -> None:
    write_video(tmp_path / "train" / "a_0.mp4", 60, rate=50.0)
    root = table(tmp_path, "a_0,0.2,start,\na_0,0.5,play,\na_0,1,end,\na_0,1.1,start,\na_0,9,end,\n")
    (clip,) = read(root).clips
    assert (clip.frame_rate_hz, [frame.index for frame in clip.frames]) == (50.0, [10, 25, 50])
    assert clip.frames[0].width == 64
    assert reasons(root) == [(5, "window behind the end of the video: frame 450 of 60")]


def test_the_windows_of_an_unreadable_video_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a_0.mp4").touch()
    root = table(tmp_path, "a_0,1,start,\na_0,2,end,\nb_0,1,start,\nb_0,2,end,\n")
    footage = read(root)
    assert [clip.match for clip in footage.clips] == ["b"]
    assert [entry.kind for entry in footage.quarantine] == ["video cannot be read"]


def test_missing_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(TableUnreadable, match=r"train\.csv: cannot be read"):
        read(tmp_path)
    with pytest.raises(NoUsableSamples, match="1 event outside the scored windows"):
        read(table(tmp_path, "a_0,1,play,\n"))


def test_the_sample_loads(shared: Path) -> None:
    footage = read(shared / "data" / "formats" / "dfl")
    assert [clip.events[0].label for clip in footage.clips] == ["challenge", "challenge", "throwin"]
    assert [(entry.line, entry.kind) for entry in footage.quarantine] == [
        (11, "event outside the scored windows")
    ]
