"""Ball-action spotting: positions are milliseconds as text; halves may or may not share a clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import SEEDS
from small_videos import write_video

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.ball_action import read
from raasid.footage.formats.parsing.json_reader import JsonUnreadable
from raasid.footage.records import Event

GAME = "england_efl/2019-2020/town"


def action(position: object = "1000", time: object = "1 - 00:01", **more: Any) -> dict[str, Any]:
    return {"gameTime": time, "label": "PASS", "position": position, "team": "left", **more}


def labels(root: Path, *actions: object, key: str = "annotations", game: str = GAME) -> Path:
    path = root / game / "Labels-ball.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"UrlLocal": game, key: list(actions)}))
    return root


def reasons(root: Path) -> list[str]:
    return [entry.reason for entry in read(root).quarantine]


def test_an_action_is_an_event_at_its_rounded_frame() -> None:
    clip = next(clip for clip in read(SEEDS / "ball_action").clips if clip.id == f"{GAME}/half-1")
    assert clip.events == (
        Event(539, "pass", "left", ("visible",)),
        Event(578, "ball_player_block", "right", ("not_shown",)),
    )
    assert [frame.index for frame in clip.frames] == [539, 578]
    assert (clip.provenance.season, clip.provenance.competition) == ("2019-2020", "england_efl")


def test_halves_with_separate_clocks_are_clips_of_one_match() -> None:
    clips = [clip for clip in read(SEEDS / "ball_action").clips if clip.id.startswith(GAME)]
    assert [clip.id for clip in clips] == [f"{GAME}/half-1", f"{GAME}/half-2"]
    assert {clip.match for clip in clips} == {GAME}
    assert clips[1].events == (Event(100, "throw_in", "right", ("visible",)),)


def test_soccertrack_has_one_clock_per_match_and_no_halves() -> None:
    clip = next(clip for clip in read(SEEDS / "ball_action").clips if clip.id == "117093")
    assert [(event.frame, event.label) for event in clip.events] == [
        (18750, "high_pass"),
        (67525, "drive"),
        (136875, "out"),
    ]


@pytest.mark.parametrize(
    ("position", "frame"), [("21560", 539), ("19", 0), ("20", 0), ("21", 1), (40, 1), (" 60 ", 2)]
)
def test_the_position_is_in_milliseconds_text_or_number(tmp_path: Path, position: object, frame: int) -> None:
    (clip,) = read(labels(tmp_path, action(position))).clips
    assert clip.events[0].frame == frame


def test_the_videos_of_the_halves_are_used_each_with_its_own_frame_rate(tmp_path: Path) -> None:
    root = labels(tmp_path, action("400"), action("800", "2 - 45:01"), action("900", "45:02"), action("9000"))
    write_video(root / GAME / "1_224p.mp4", 20)
    large = write_video(root / GAME / "1_720p.mkv", 20)
    write_video(root / GAME / "2_720p.mkv", 60, rate=50.0)
    one, two = read(root).clips
    assert [frame.image for frame in one.frames] == [large]
    assert (one.events[0].frame, one.frames[0].width) == (10, 64)
    assert (two.events[0].frame, two.frame_rate_hz) == (40, 50.0)
    assert reasons(root) == [
        "action behind the end of the video: frame 225 of 20",
        "half unknown: pass at 900 ms",
    ]


def test_a_single_video_of_the_game_gives_one_clip(tmp_path: Path) -> None:
    root = labels(tmp_path, action("400"), action("700", "2 - 45:01"))
    video = write_video(root / GAME / "224p.mp4", 20)
    (clip,) = read(root).clips
    assert (clip.id, [frame.image for frame in clip.frames]) == (GAME, [video, video])


def test_the_labels_of_an_unreadable_video_are_left_out(tmp_path: Path) -> None:
    labels(tmp_path, action(), game="a/2019-2020/x")
    labels(tmp_path, action(), game="a/2019-2020/y")
    (tmp_path / "a/2019-2020/x/224p.mp4").write_bytes(b"")
    footage = read(tmp_path)
    assert [clip.id for clip in footage.clips] == ["a/2019-2020/y"]
    assert [entry.kind for entry in footage.quarantine] == ["video cannot be read"]


def test_invalid_actions_are_reported_and_the_others_load(tmp_path: Path) -> None:
    bad = [*map(action, ("x", None, "-5", "1e400")), action(label=7), action(time=5), None, []]
    root = labels(tmp_path, *bad, action())
    path = root / GAME / "Labels-ball.json"
    path.write_text(path.read_text().replace('{"gameTime', '\n{"gameTime'))
    assert len(read(root).clips[0].events) == 1
    assert [(entry.line, entry.reason) for entry in read(root).quarantine] == [
        (2, "position is no number: 'x'"),
        (3, "position is no number: None"),
        (4, "position outside [0, 100000000]: '-5'"),
        (5, "position outside [0, 100000000]: '1e400'"),
        (6, "label is no text: 7"),
        (7, "annotation is no object: None"),
        (7, "annotation is no object: []"),
        (7, "gameTime is no text: 5"),
    ]


def test_folders_named_after_splits_are_splits(tmp_path: Path) -> None:
    labels(tmp_path, action(), game="train/a/2019-2020/x")
    labels(tmp_path, action(), game="valid/a/2019-2020/y")
    assert read(tmp_path).splits == {"train": ["train/a/2019-2020/x"], "val": ["valid/a/2019-2020/y"]}


def test_a_truncated_file_among_valid_ones_is_left_out_and_alone_is_an_error(tmp_path: Path) -> None:
    labels(tmp_path, action(), game="a")
    labels(tmp_path, action(), game="b")
    (tmp_path / "a" / "Labels-ball.json").write_text('{"annotations": [\n{"gameTime')
    assert [(entry.path, entry.line) for entry in read(tmp_path).quarantine] == [("a/Labels-ball.json", 2)]
    (tmp_path / "b" / "Labels-ball.json").unlink()
    with pytest.raises(JsonUnreadable, match="line 2"):
        read(tmp_path)


def test_missing_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match=r"Labels-ball\.json"):
        read(tmp_path)


def test_the_sample_loads(shared: Path) -> None:
    (clip,) = read(shared / "data" / "formats" / "ball_action").clips
    assert [event.label for event in clip.events] == ["pass", "ball_player_block"]
