"""CVAT: skeletons, groups, tracks between keyframes, spare balls, and malicious XML."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from label_files import FIXTURES, peak_over_size, reasons, write_image, written
from soak import rounds

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.cvat import read
from raasid.footage.formats.parsing.xml_reader import XmlUnreadable
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import Ball, Clip, Visibility

META = (
    "<meta><task><name>t</name><size>{size}</size><mode>interpolation</mode><start_frame>0</start_frame>"
    "<stop_frame>{stop}</stop_frame><original_size><width>200</width><height>100</height></original_size>"
    "<source>derby.avi</source></task></meta>"
)
BALL = (
    '<points frame="{frame}" outside="{out}" occluded="{occ}" keyframe="{key}" points="{x},5">{more}</points>'
)
BOX = '<box frame="{frame}" outside="{out}" keyframe="1" xtl="{x}" ytl="10" xbr="50" ybr="90"/>'


def ball(frame: int, x: float = 0, out: int = 0, occ: int = 0, key: int = 1, more: str = "") -> str:
    return BALL.format(frame=frame, x=x, out=out, occ=occ, key=key, more=more)


def box(frame: int, x: float = 10, out: int = 0) -> str:
    return BOX.format(frame=frame, x=x, out=out)


def track(*shapes: str, label: str = "ball", number: int = 0, group: int = 0) -> str:
    return f'<track id="{number}" label="{label}" group_id="{group}">' + "\n".join(shapes) + "</track>\n"


def video(folder: Path, *tracks: str, size: int = 8, meta: str = META) -> Path:
    text = meta.format(size=size, stop=size - 1) + "".join(tracks)
    written(folder / "v.xml", f"<annotations><version>1.1</version>\n{text}</annotations>")
    return folder


def image(folder: Path, *shapes: str, more: str = "") -> Path:
    inner = "\n".join(shapes)
    head = f'<image id="0" name="a.png" width="200" height="100" {more}>\n'
    written(folder / "i.xml", f"<annotations>{head}{inner}</image></annotations>")
    return folder


def balls(clip: Clip) -> dict[int, tuple[float, Visibility]]:
    return {frame.index: (each.x, each.visibility) for frame in clip.frames for each in frame.balls}


def test_the_samples_load(shared: Path) -> None:
    footage = read(shared / "data/formats/cvat")
    assert reasons(footage) == []
    image_clip, clip = footage.clips
    assert image_clip.frames[0].balls == (Ball(927, 342.5, 40, 31),)
    wrist = image_clip.frames[0].persons[0].keypoints[KEYPOINTS.index("left_wrist")]
    assert wrist == (910, 400, 2)
    assert image_clip.frames[0].persons[0].keypoints[KEYPOINTS.index("right_wrist")] == (0, 0, 0)
    assert balls(clip) == {0: (912.5, Visibility.CLEAR), 1: (918, Visibility.HIDDEN)}
    assert [len(frame.persons) for frame in clip.frames] == [1, 1, 0]
    assert all(frame.in_video for frame in clip.frames)


def test_only_keyframes_count_and_positions_between_them_are_linear(tmp_path: Path) -> None:
    shapes = ball(0), ball(1, 99, key=0), ball(4, 8, occ=1), ball(6, 8, out=1)
    (clip,) = read(video(tmp_path, track(*shapes))).clips
    clear, hidden = Visibility.CLEAR, Visibility.HIDDEN
    assert balls(clip) == {
        0: (0, clear),
        1: (2, clear),
        2: (4, clear),
        3: (6, clear),
        4: (8, hidden),
        5: (8, hidden),
    }


def test_a_shape_without_a_keyframe_attribute_is_a_keyframe(tmp_path: Path) -> None:
    shapes = '<points frame="2" outside="0" occluded="0" points="3,4"/>', ball(3, out=1)
    (clip,) = read(video(tmp_path, track(*shapes))).clips
    assert balls(clip) == {2: (3, Visibility.CLEAR)}


def test_a_track_that_is_never_outside_lasts_to_the_end_of_the_task(tmp_path: Path) -> None:
    (clip,) = read(video(tmp_path, track(ball(5, 7)))).clips
    assert sorted(balls(clip)) == [5, 6, 7]


def test_frames_that_no_track_covers_are_background(tmp_path: Path) -> None:
    (clip,) = read(video(tmp_path, track(ball(2), ball(3, out=1)))).clips
    assert [frame.index for frame in clip.frames] == list(range(8))
    assert [len(frame.balls) for frame in clip.frames] == [0, 0, 1, 0, 0, 0, 0, 0]


def test_an_impossible_declared_size_allocates_nothing(tmp_path: Path) -> None:
    footage = read(video(tmp_path, track(ball(2), ball(3, out=1)), size=5_000_000))
    assert [frame.index for frame in footage.clips[0].frames] == [2]
    assert reasons(footage)[0][2] == "frames without annotations not used: 5000000 frames in all"


def test_a_spare_ball_is_not_the_match_ball(tmp_path: Path) -> None:
    used, spare = (f'<attribute name="used_in_game">{value}</attribute>' for value in (1, 0))
    tracks = (
        track(ball(0, 1, more=used), ball(2, 1, out=1, more=used)),
        track(ball(0, 9, more=spare), ball(3, 9, out=1, more=spare), number=1),
    )
    footage = read(video(tmp_path, *tracks))
    assert balls(footage.clips[0]) == {0: (1, Visibility.CLEAR), 1: (1, Visibility.CLEAR)}
    assert "ball that is not used in the game" in footage.notes[-1]


def test_the_frame_step_is_preserved(tmp_path: Path) -> None:
    meta = META.replace("<original_size>", "<frame_filter>step=5</frame_filter><original_size>")
    (clip,) = read(
        video(tmp_path, track(ball(0), ball(10, 10), ball(15, 10, out=1)), size=21, meta=meta)
    ).clips
    assert [frame.index for frame in clip.frames] == [0, 5, 10, 15, 20]
    assert balls(clip)[5][0] == 5


def test_box_and_skeleton_tracks_of_a_group_are_one_moving_person(tmp_path: Path) -> None:
    wrist = '<points label="left_wrist" outside="{}" occluded="{}" points="{},20"/>'
    bones = f'<skeleton frame="{{}}" keyframe="1">{wrist}</skeleton>'
    tracks = (
        track(box(0), box(2, 20), box(3, out=1), label="player", number=4, group=9),
        track(
            bones.format(0, 0, 0, 30),
            bones.format(2, 0, 1, 34),
            bones.format(3, 1, 0, 0),
            label="player",
            number=5,
            group=9,
        ),
    )
    (clip,) = read(video(tmp_path, *tracks)).clips
    people = [(p.track, p.box, p.keypoints[9]) for frame in clip.frames for p in frame.persons]
    assert people == [
        (4, (10, 10, 40, 80), (30, 20, 2)),
        (4, (15, 10, 35, 80), (32, 20, 2)),
        (4, (20, 10, 30, 80), (34, 20, 1)),
    ]


def test_box_and_skeleton_in_one_track_are_one_person(tmp_path: Path) -> None:
    nose = '<points label="nose" outside="{}" occluded="0" points="30,20"/>'
    bones = f'<skeleton frame="{{}}" keyframe="1">{nose}</skeleton>'
    shapes = box(0), bones.format(0, 0), bones.format(2, 1), box(2, out=1)
    footage = read(video(tmp_path, track(*shapes, label="player", number=4)))
    people = [(p.track, p.box[0], p.keypoints[0]) for frame in footage.clips[0].frames for p in frame.persons]
    assert people == [(4, 10, (30, 20, 2))] * 2
    assert reasons(footage) == []


def test_a_ball_that_goes_out_of_use_within_its_track_ends_there(tmp_path: Path) -> None:
    used, spare = (f'<attribute name="used_in_game">{value}</attribute>' for value in (1, 0))
    shapes = ball(0, 1, more=used), ball(2, 1, more=spare), ball(5, 1, more=used), ball(6, 1, out=1)
    assert sorted(balls(read(video(tmp_path, track(*shapes))).clips[0])) == [0, 1, 5]


def test_attributes_of_an_image_become_team_number_and_track(tmp_path: Path) -> None:
    known = "".join(
        f'<attribute name="{k}">{v}</attribute>'
        for k, v in (("team", "home"), ("Jersey", "10"), ("role", "goalkeeper"), ("track", "6"))
    )
    shapes = (
        f'<box label="person" xtl="1" ytl="2" xbr="11" ybr="42" group_id="3">{known}</box>',
        '<skeleton label="person" group_id="3"><points label="nose" occluded="1" points="5,6"/></skeleton>',
        '<skeleton label="person"><points label="left_knee" points="50,60"/>'
        '<points label="nose" points="40,20"/></skeleton>',
    )
    (clip,) = read(image(tmp_path, *shapes, more='subset="Train"')).clips
    one, other = clip.frames[0].persons
    assert (one.track, one.role, one.team, one.jersey, one.keypoints[0]) == (
        6,
        "goalkeeper",
        "home",
        "10",
        (5, 6, 1),
    )
    assert (other.track, other.box, other.role) == (7, (40, 20, 10, 40), "player")
    assert read(tmp_path).splits == {"train": ["a"]}


BALL_WITH_ATTRIBUTE = (
    '<box label="ball" {} xtl="4" ytl="5" xbr="6" ybr="7"><attribute name="{}">{}</attribute></box>'
)


@pytest.mark.parametrize(
    ("shape", "visibility"),
    [
        ('<points label="ball" occluded="1" points="5,6"/>', Visibility.HIDDEN),
        ('<points label="ball" occluded="0" points="5,6"/>', Visibility.CLEAR),
        (BALL_WITH_ATTRIBUTE.format("", "blurred", "true"), Visibility.BLURRED),
        (BALL_WITH_ATTRIBUTE.format('occluded="1"', "visibility", "partly"), Visibility.PARTLY),
        ('<ellipse label="Sports Ball" cx="5" cy="6" rx="1" ry="1"/>', Visibility.CLEAR),
    ],
)
def test_attributes_of_a_ball_determine_its_visibility(
    shape: str, visibility: Visibility, tmp_path: Path
) -> None:
    (found,) = read(image(tmp_path, shape)).clips[0].frames[0].balls
    assert (found.x, found.y, found.visibility) == (5, 6, visibility)


def test_other_objects_than_balls_and_persons_are_counted(tmp_path: Path) -> None:
    shapes = (
        '<polygon label="pitch" points="0,0;1,1;2,2"/>',
        '<box label="bench" xtl="1" ytl="1" xbr="2" ybr="2"/>',
    )
    footage = read(image(tmp_path, *shapes))
    assert footage.clips[0].frames[0].persons == ()
    assert footage.notes[-1].startswith("2 shapes are neither match ball nor person")


BAD = {
    '<points label="ball" points="1"/>': "no x,y pair: '1'",
    '<points label="ball" points="1,2;3,4"/>': "not 1 point: '1,2;3,4'",
    '<points label="ball" points="nan,2"/>': "x is no number: 'nan'",
    '<points label="ball"/>': "no x,y pair: ''",
    '<box label="player" xtl="5" ytl="1" xbr="5" ybr="9"/>': "box without size: 5,1 to 5,9",
    '<box label="player" xtl="1e9" ytl="1" xbr="5" ybr="9"/>': "xtl outside",
    '<box xtl="1" ytl="1" xbr="5" ybr="9"/>': "label is no text: None",
    '<skeleton label="person"><points label="nose" outside="1"/></skeleton>': "skeleton without a labelled",
}


@pytest.mark.parametrize(("shape", "reason"), BAD.items())
def test_an_invalid_shape_is_left_out_with_its_line(shape: str, reason: str, tmp_path: Path) -> None:
    footage = read(image(tmp_path, '<points label="ball" points="5,6"/>', shape))
    ((path, line, message),) = reasons(footage)
    assert (path, line) == ("i.xml", 3)
    assert message.startswith(reason)
    assert len(footage.clips[0].frames[0].balls) == 1


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (ball(99), "frame outside the task: 99, the task has 0 to 7"),
        (ball(0, 5), "second keyframe of one frame: 0"),
        (ball(1).replace('outside="0"', 'outside="maybe"'), "outside not 0 or 1: 'maybe'"),
        (ball(1).replace('frame="1"', 'frame="2000000000"'), "frame outside [0, 10000000]"),
    ],
)
def test_an_invalid_keyframe_is_left_out_with_its_line(shape: str, reason: str, tmp_path: Path) -> None:
    footage = read(video(tmp_path, track(ball(0), shape, ball(2, out=1))))
    ((path, line, message),) = reasons(footage)
    assert (path, line) == ("v.xml", 3)
    assert message.startswith(reason)
    assert sorted(balls(footage.clips[0])) == [0, 1]


def test_a_gap_of_hours_between_keyframes_is_not_filled(tmp_path: Path) -> None:
    footage = read(video(tmp_path, track(ball(0), ball(900_000), ball(900_001, out=1)), size=1_000_000))
    assert sorted(balls(footage.clips[0])) == [0, 900_000]
    assert reasons(footage)[1][2] == "gap too long to fill: 900000 frames after frame 0"


def test_images_before_a_syntax_error_are_read_and_the_error_has_its_line(tmp_path: Path) -> None:
    image(tmp_path, '<points label="ball" points="5,6"/>')
    text = (tmp_path / "i.xml").read_text().replace("</annotations>", "\n<image id=")
    written(tmp_path / "i.xml", text)
    footage = read(tmp_path)
    assert [clip.id for clip in footage.clips] == ["a"]
    assert [(path, line) for path, line, _ in reasons(footage)] == [("i.xml", 3)]


def test_the_video_gives_frame_rate_and_size_and_limits_the_frames(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "derby.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 50, (64, 48))
    for _ in range(4):
        writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    footage = read(video(tmp_path, track(ball(1), ball(3, out=1))))
    (clip,) = footage.clips
    assert clip.frame_rate_hz == 50
    assert [(frame.index, frame.width, frame.image.name) for frame in clip.frames] == [
        (n, 64, "derby.avi") for n in range(4)
    ]
    assert reasons(footage) == [("v.xml", None, "frames behind the end of the video: it has 4")]


def test_a_video_may_be_stored_as_its_frames(tmp_path: Path) -> None:
    root = video(tmp_path, track(ball(1), ball(3, out=1)), size=4)
    for number in range(3):
        write_image(root / "images" / f"frame_{number:06d}.PNG")
    footage = read(root)
    found = [(frame.index, frame.image.name, frame.in_video) for frame in footage.clips[0].frames]
    assert found == [(number, f"frame_{number:06d}.PNG", False) for number in range(3)]
    assert [path for path, *_ in reasons(footage)] == ["images/frame_000003.png"]


def test_images_are_found_next_to_the_file_or_in_images(tmp_path: Path) -> None:
    path = write_image(image(tmp_path) / "images" / "a.png")
    assert read(tmp_path).clips[0].frames[0].image == path


def test_a_root_without_usable_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match="expected XML files"):
        read(tmp_path)
    written(tmp_path / "a.xml", "<annotation><object/></annotation>")
    with pytest.raises(NoUsableSamples, match="neither images nor tracks"):
        read(tmp_path)
    written(tmp_path / "a.xml", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')
    with pytest.raises(XmlUnreadable, match="document type"):
        read(tmp_path)


def test_the_fixture_is_read_completely() -> None:
    assert reasons(read(FIXTURES / "cvat")) == []


@pytest.mark.soak
def test_memory_for_a_large_file_is_in_proportion_to_it(tmp_path: Path) -> None:
    """Twenty players over many frames as CVAT exports them: a line per frame, every tenth a keyframe."""
    rng, frames = random.Random(0), rounds(750, 3750)
    tracks = []
    for number in range(20):
        rows = []
        for frame in range(frames):
            x, y = rng.uniform(0, 1800), rng.uniform(0, 900)
            rows.append(
                f'<box frame="{frame}" keyframe="{+(not frame % 10)}" outside="0" occluded="0" xtl="{x:.2f}" '
                f'ytl="{y:.2f}" xbr="{x + 50:.2f}" ybr="{y + 120:.2f}" z_order="0"/>'
            )
        tracks.append(track(*rows, label="player", number=number))
    video(tmp_path, *tracks, size=frames)
    ratio = peak_over_size(read, tmp_path, FIXTURES / "cvat")
    print(f"cvat: peak {ratio:.2f} x {(tmp_path / 'v.xml').stat().st_size:,} bytes")
    assert ratio < 3
