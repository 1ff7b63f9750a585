"""ISSIA: labels eight frames late, two mirrored cameras, and invalid spans of frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_files import FIXTURES, reasons, written

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.issia import MAX_SPAN_FRAMES, read
from raasid.footage.formats.parsing.xml_reader import XmlUnreadable
from raasid.footage.records import Ball, Clip, Event, Person

BALL = '<data:point framespan="{}" x="{}" y="443"/>'
BOX = '<data:bbox framespan="{}" height="120" width="45" x="{}" y="410"/>'


def camera(
    folder: Path,
    balls: str = "",
    persons: str = "",
    shot: str = "",
    player: str = "",
    name: str = "camera1.xgtf",
) -> Path:
    written(
        folder / name,
        '<viper xmlns="urn:v" xmlns:data="urn:d"><data><sourcefile filename="filmrole1.avi">\n'
        f'<object name="BALL" id="0"><attribute name="BallPos">{balls}</attribute>\n'
        f'<attribute name="BallShot">{shot}</attribute>'
        f'<attribute name="PlayerInteractingID">{player}</attribute>'
        f'</object>\n<object name="Person" id="7"><attribute name="LOCATION">{persons}</attribute></object>\n'
        "</sourcefile></data></viper>",
    )
    return folder


def ball_x_by_frame(clip: Clip) -> dict[int, float]:
    return {frame.index: ball.x for frame in clip.frames for ball in frame.balls}


def test_the_sample_is_eight_frames_earlier_than_its_file_says(shared: Path) -> None:
    footage = read(shared / "data/formats/issia")
    (clip,) = footage.clips
    assert [frame.index for frame in clip.frames] == [1174, 1175]
    assert clip.frames[0].balls == (Ball(91, 443, 0, 0),)
    assert clip.frames[1].persons == (Person(7, "player", (300, 410, 45, 120)),)
    assert (clip.frame_rate_hz, clip.provenance.camera, clip.events) == (25, "camera 1", ())
    assert (clip.frames[0].width, clip.frames[0].height, clip.frames[0].in_video) == (1920, 1080, True)
    assert clip.frames[0].image.name == "filmrole1.avi"


@pytest.mark.parametrize(
    ("name", "mirrored"),
    [
        ("camera1.xgtf", False),
        ("camera2.xgtf", True),
        ("Film Role-0 ID-6 T-0 m00s00.xgtf", True),
        ("Film Role-2 ID-3 T-6.xgtf", False),
        ("filmrole6.xgtf", True),
        ("camera12.xgtf", False),
        ("unnamed.xgtf", False),
    ],
)
def test_mirrored_cameras_are_flipped_back(name: str, mirrored: bool, tmp_path: Path) -> None:
    (clip,) = read(camera(tmp_path, BALL.format("9:9", 100), BOX.format("9:9", 300), name=name)).clips
    (frame,) = clip.frames
    assert frame.balls[0].x == (1820 if mirrored else 100)
    assert frame.persons[0].box[0] == (1575 if mirrored else 300)


def test_a_file_without_a_camera_number_is_used_unchanged_with_a_note(tmp_path: Path) -> None:
    footage = read(camera(tmp_path, BALL.format("9:9", 100), name="unnamed.xgtf"))
    assert footage.notes[0] == "unnamed.xgtf: no camera number in the file's name; taken as not mirrored"


def test_a_span_of_frames_has_its_value_in_each_frame(tmp_path: Path) -> None:
    (clip,) = read(camera(tmp_path, BALL.format("10:12 20:20", 5) + BALL.format("13:13", 6))).clips
    assert ball_x_by_frame(clip) == {2: 5, 3: 5, 4: 5, 12: 5, 5: 6}


def test_shots_and_contacts_become_events(tmp_path: Path) -> None:
    shot = '<data:bvalue framespan="10:10" value="false"/><data:bvalue framespan="11:12" value="true"/>'
    player = '<data:dvalue framespan="10:10" value="-1"/><data:dvalue framespan="12:13" value="7"/>'
    (clip,) = read(camera(tmp_path, BALL.format("9:9", 1), shot=shot, player=player)).clips
    assert clip.events == (Event(3, "ball_shot"), Event(4, "ball_contact", attributes=("person_7",)))
    assert clip.contact is None


def test_all_cameras_of_a_folder_belong_to_one_match(tmp_path: Path) -> None:
    for name in ("camera1.xgtf", "camera2.xgtf"):
        camera(tmp_path, BALL.format("9:9", 1), name=name)
    one, other = read(tmp_path).clips
    assert one.match == other.match == tmp_path.name
    assert (one.id, other.id) == ("camera1", "camera2")


BAD = {
    BALL.format("1:999999999", 5): f"framespan longer than {MAX_SPAN_FRAMES} frames",
    BALL.format("20:10", 5): f"framespan longer than {MAX_SPAN_FRAMES} frames, or backwards: '20:10'",
    BALL.format("-5:-1", 5): "no framespan: '-5:-1'",
    BALL.format("", 5): "no framespan: ''",
    BALL.format("1:2 " * 200, 5): "no framespan:",
    BALL.format("3:7", 5): "before the first frame of the video: framespan '3:7' minus 8",
    BALL.format("9:9", "nan"): "x is no number: 'nan'",
    BALL.format("9:9", 99999): "x outside [-1920, 3840]",
    '<data:point framespan="9:9"/>': "x is no number: None",
}


@pytest.mark.parametrize(("bad", "reason"), BAD.items())
def test_an_invalid_value_is_left_out_with_its_line(bad: str, reason: str, tmp_path: Path) -> None:
    footage = read(camera(tmp_path, BALL.format("10:10", 1) + "\n" + bad))
    ((path, line, message),) = reasons(footage)
    assert (path, line) == ("camera1.xgtf", 3)
    assert message.startswith(reason)
    assert ball_x_by_frame(footage.clips[0]) == {2: 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (BOX.format("10:10", 5).replace('"45"', '"0"'), "box without size: 0 x 120"),
        (BOX.format("10:10", 99), "second box of a person in one frame: person 7, frame 2"),
    ],
)
def test_an_invalid_box_is_left_out(bad: str, reason: str, tmp_path: Path) -> None:
    footage = read(camera(tmp_path, persons=BOX.format("10:10", 1) + bad))
    assert [message for *_, message in reasons(footage)] == [reason]
    assert footage.clips[0].frames[0].persons[0].box[0] == 1


def test_one_truncated_file_does_not_prevent_reading_the_others(tmp_path: Path) -> None:
    camera(tmp_path, BALL.format("9:9", 1))
    written(tmp_path / "camera3.xgtf", "<viper>\n<data>")
    footage = read(tmp_path)
    assert [clip.id for clip in footage.clips] == ["camera1"]
    assert [(path, line) for path, line, _ in reasons(footage)] == [("camera3.xgtf", 2)]


def test_a_root_without_usable_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match=r"expected \.xgtf files"):
        read(tmp_path)
    with pytest.raises(NoUsableSamples, match="no frame with an object"):
        read(camera(tmp_path))
    written(tmp_path / "camera1.xgtf", '<!DOCTYPE v [<!ENTITY a "b">]><v>&a;</v>')
    with pytest.raises(XmlUnreadable):
        read(tmp_path)


def test_the_fixture_is_read_completely() -> None:
    footage = read(FIXTURES / "issia")
    assert reasons(footage) == []
    assert [ball_x_by_frame(clip)[2] for clip in footage.clips] == [91, 1829]
