"""SoccerNet-Tracking: classes from gameinfo.ini, frames from 1, several balls, separate detections."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from label_files import FIXTURES, peak_over_size, reasons, write_image, written
from soak import rounds

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.soccernet_gameinfo import IniUnreadable, TrackIdentity, parse_tracklets, read_ini
from raasid.footage.formats.soccernet_tracking import read
from raasid.footage.records import Ball, Person

SEQ = (
    "[Sequence]\nname=SNMOT-1\nimDir=img1\nframeRate=25\nseqLength={length}\n"
    "imWidth=200\nimHeight=100\nimExt=.jpg\n"
)
GAME = "[Sequence]\ngameID=4\nactionClass=Foul\ntrackletID_1= player team left;10\ntrackletID_2= ball;1\n"
ROW = "1,1,10,20,30,60,1,-1,-1,-1\n"


def sequence(
    root: Path, truth: str | None = ROW, game: str | None = GAME, name: str = "SNMOT-1", length: object = 9
) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    written(folder / "seqinfo.ini", SEQ.format(length=length))
    if game is not None:
        written(folder / "gameinfo.ini", game)
    if truth is not None:
        written(folder / "gt" / "gt.txt", truth)
    return root


def test_the_sample_has_its_ball_and_its_player(shared: Path) -> None:
    (clip,) = read(shared / "data/formats/snmot").clips
    assert (clip.id, clip.match, clip.frame_rate_hz, clip.tags) == ("SNMOT-060", "game-4", 25, ("foul",))
    first, second = clip.frames
    assert (first.index, second.index) == (0, 1)
    assert first.image.name == "000001.jpg"
    assert first.balls == (Ball(1206, 546, 12, 12),)
    assert second.persons == (Person(1, "player", (916, 855, 55, 172), "left", jersey="10"),)


@pytest.mark.parametrize(
    ("value", "tracklet"),
    [
        (" player team left;10", TrackIdentity(False, "player", "left", "10")),
        ("player team right;7 ", TrackIdentity(False, "player", "right", "7")),
        ("goalkeeper team right;X", TrackIdentity(False, "goalkeeper", "right", None)),
        (" goalkeepers team left;y", TrackIdentity(False, "goalkeeper", "left", None)),
        ("referee;main", TrackIdentity(False, "referee")),
        ("referee;side top", TrackIdentity(False, "referee")),
        (" ball;1", TrackIdentity(True, "other", rank=1)),
        ("other;1", TrackIdentity(False, "other")),
        ("other", TrackIdentity(False, "other")),
    ],
)
def test_every_spelling_of_gameinfo_is_understood(
    value: str, tracklet: TrackIdentity, tmp_path: Path
) -> None:
    info = read_ini(written(tmp_path / "g.ini", f"[Sequence]\ntrackletID_12={value}\n"))
    assert list(parse_tracklets(info)) == [(12, tracklet)]


def test_a_semicolon_belongs_to_the_value_and_keys_are_case_insensitive(tmp_path: Path) -> None:
    path = written(tmp_path / "g.ini", "\ufeff[Sequence]\r\n; a comment\r\nTrackletID_1 = ball ; 1\r\n")
    assert read_ini(path) == {"trackletid_1": "ball ; 1"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no section\n",
        b"[Other]\na=1\n",
        b"\xff\xfe",
        b"[Sequence\n",
        b"\0" * 9,
        b"[Sequence]\n" + b"x" * 2**20,
    ],
)
def test_an_invalid_ini_file_is_a_typed_error(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(IniUnreadable):
        read_ini(written(tmp_path / "g.ini", content))


def test_of_several_balls_the_first_tracklet_comes_first(tmp_path: Path) -> None:
    game = "[Sequence]\ntrackletID_5= ball;2\ntrackletID_9= ball;1\n"
    (clip,) = read(sequence(tmp_path, "1,5,0,0,10,10,1,-1,-1,-1\n1,9,50,50,10,10,1,-1,-1,-1\n", game)).clips
    assert clip.frames[0].balls == (Ball(55, 55, 10, 10), Ball(5, 5, 10, 10))


def test_detections_are_not_ground_truth(tmp_path: Path) -> None:
    sequence(tmp_path)
    sequence(tmp_path, truth=None, name="SNMOT-2")
    written(tmp_path / "SNMOT-2/det/det.txt", "1,-1,0,0,10,10,0.9,-1,-1,-1\n")
    footage = read(tmp_path)
    assert [clip.id for clip in footage.clips] == ["SNMOT-1"]
    assert reasons(footage) == [("SNMOT-2", None, "no ground truth: gt/gt.txt is not there")]


def test_folders_are_splits_and_the_root_may_be_a_single_sequence(tmp_path: Path) -> None:
    sequence(tmp_path, name="tracking/train/SNMOT-1")
    sequence(tmp_path, name="tracking/test/SNMOT-2")
    assert read(tmp_path).splits == {
        "train": ["tracking/train/SNMOT-1"],
        "test": ["tracking/test/SNMOT-2"],
    }
    assert read(tmp_path / "tracking/test/SNMOT-2").clips[0].id == "SNMOT-2"


def test_images_without_rows_are_background_and_rows_without_images_are_left_out(
    tmp_path: Path,
) -> None:
    root = sequence(tmp_path, ROW + "3,1,10,20,30,60,1,-1,-1,-1\n")
    for number in (1, 2):
        write_image(root / "SNMOT-1/img1" / f"{number:06d}.jpg")
    footage = read(root)
    assert [(frame.index, len(frame.persons)) for frame in footage.clips[0].frames] == [(0, 1), (1, 0)]
    assert reasons(footage) == [("SNMOT-1/img1/000003.jpg", None, "image not there: the annotations name it")]


def test_two_sequences_do_not_share_their_images(tmp_path: Path) -> None:
    for name in ("SNMOT-1", "SNMOT-2"):
        sequence(tmp_path, name=name)
        write_image(tmp_path / name / "img1/000001.jpg")
    images = [clip.frames[0].image for clip in read(tmp_path).clips]
    assert images == [tmp_path / name / "img1/000001.jpg" for name in ("SNMOT-1", "SNMOT-2")]


BAD = {
    "0,1,10,20,30,60,1": "frame outside [1, 9]: '0'",
    "10,1,10,20,30,60,1": "frame outside [1, 9]: '10'",
    "1.5,1,10,20,30,60,1": "frame is no whole number: '1.5'",
    "1,x,10,20,30,60,1": "track is no number: 'x'",
    "1,1,10,20,nan,60,1": "box is no number: 'nan'",
    "1,1,10,20,1e400,60,1": "box outside",
    "1,1,10,20,0,60,1": "box without size: 0 x 60",
    "1,1,10": "wrong number of columns: 3, expected 10: '1,1,10'",
    "\x00": "wrong number of columns: 1",
}


@pytest.mark.parametrize(("row", "reason"), BAD.items())
def test_an_invalid_row_is_left_out_with_its_line(row: str, reason: str, tmp_path: Path) -> None:
    footage = read(sequence(tmp_path, ROW + row + "\n" + "2" + ROW[1:]))
    ((path, line, message),) = reasons(footage)
    assert (path, line) == ("SNMOT-1/gt/gt.txt", 2)
    assert message.startswith(reason)
    assert len(footage.clips[0].frames) == 2


def test_the_first_of_two_boxes_of_a_track_in_a_frame_counts(tmp_path: Path) -> None:
    footage = read(sequence(tmp_path, ROW + "1,1,99,20,30,60,1,-1,-1,-1\n"))
    assert footage.clips[0].frames[0].persons[0].box[0] == 10
    assert reasons(footage)[0][2] == "second box of a track in one frame: frame 1, 1 of them"


def test_unnamed_tracks_are_other_persons_and_are_reported(tmp_path: Path) -> None:
    footage = read(sequence(tmp_path, game=None))
    assert footage.clips[0].frames[0].persons[0].role == "other"
    messages = [reason for *_, reason in reasons(footage)]
    assert messages == [
        "cannot be read: No such file or directory",
        "class of track not in gameinfo.ini: [1]; counted as other persons",
    ]


def test_a_declared_length_allocates_nothing(tmp_path: Path) -> None:
    (clip,) = read(sequence(tmp_path, length=9_000_000)).clips
    assert len(clip.frames) == 1


def test_a_root_without_usable_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match="expected folders SNMOT"):
        read(tmp_path)
    with pytest.raises(NoUsableSamples, match="seqLength outside"):
        read(sequence(tmp_path, length=10**15))


def test_the_fixture_is_read_completely() -> None:
    assert reasons(read(FIXTURES / "soccernet_tracking")) == []


@pytest.mark.soak
def test_memory_for_a_large_file_is_in_proportion_to_it(tmp_path: Path) -> None:
    """A row of 35 bytes becomes a person of about 250: about 7 times the file, whatever its length."""
    rng, frames = random.Random(0), rounds(1_500, 12_500)
    rows = (
        f"{frame},{track},{rng.randrange(1900)},{rng.randrange(1000)},{rng.randrange(20, 90)},172,1,-1,-1\n"
        for frame in range(1, frames + 1)
        for track in range(1, 24)
    )
    sequence(
        tmp_path,
        "".join(rows),
        "[Sequence]\n" + "".join(f"trackletID_{n}= player team left;{n}\n" for n in range(1, 24)),
        length=frames,
    )
    ratio = peak_over_size(read, tmp_path, FIXTURES / "soccernet_tracking")
    print(f"soccernet_tracking: peak {ratio:.2f} x {(tmp_path / 'SNMOT-1/gt/gt.txt').stat().st_size:,} bytes")
    assert ratio < 8
