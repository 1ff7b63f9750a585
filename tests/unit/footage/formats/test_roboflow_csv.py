"""Roboflow's CSV export: pixel corners become records; augmented copies of one image stay together."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from fuzzing import SEEDS

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.parsing.csv_reader import TableUnreadable
from raasid.footage.formats.roboflow_csv import read
from raasid.footage.formats.yolo import BallClassUnknown
from raasid.footage.records import Ball

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def table(folder: Path, rows: str, header: str = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_annotations.csv").write_text(header + rows)
    return folder


def reasons(root: Path) -> list[tuple[int | None, str]]:
    return [(entry.line, entry.reason) for entry in read(root).quarantine]


def test_corners_become_a_ball_and_persons_with_roles() -> None:
    footage = read(SEEDS / "roboflow_csv")
    clips = {clip.id: clip.frames[0] for clip in footage.clips}
    frame = clips["train/cup_jpg.rf.11aa"]
    assert (frame.width, frame.height) == (640, 360)
    assert frame.balls == (Ball(316, 155.5, 12, 11),)
    assert [(person.role, person.box) for person in frame.persons] == [("goalkeeper", (20, 100, 40, 90))]
    assert clips["train/derby, 2"].persons[0].role == "player"
    assert footage.splits == {
        "train": ["train/cup_jpg.rf.11aa", "train/cup_jpg.rf.22bb", "train/derby, 2"],
        "val": ["valid/empty_jpg.rf.44dd", "valid/final_jpg.rf.33cc"],
    }


def test_augmented_copies_of_one_image_belong_to_one_match() -> None:
    matches = {clip.id: clip.match for clip in read(SEEDS / "roboflow_csv").clips}
    assert matches["train/cup_jpg.rf.11aa"] == matches["train/cup_jpg.rf.22bb"] == "cup"


def test_a_row_without_a_box_and_an_image_without_a_row_are_background(tmp_path: Path) -> None:
    root = table(tmp_path / "x", "a.png,64,36,ball,1,2,9,8\nb.png,64,36,,,,,\n")
    for name in "abc":
        cv2.imwrite(str(root / f"{name}.png"), np.zeros((36, 64, 3), np.uint8))
    footage = read(root)
    assert [(clip.id, bool(clip.frames[0].balls)) for clip in footage.clips] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert footage.notes == ("1 images stand in no table: they count as background",)


def test_an_image_of_another_size_or_truncated_is_left_out(tmp_path: Path) -> None:
    root = table(tmp_path / "x", "".join(f"{name}.png,64,36,ball,1,2,9,8\n" for name in "abc"))
    cv2.imwrite(str(root / "a.png"), np.zeros((72, 128, 3), np.uint8))
    (root / "b.png").write_bytes(b"")
    footage = read(root)
    assert [clip.id for clip in footage.clips] == ["c"]
    assert [(entry.path, entry.reason) for entry in footage.quarantine] == [
        ("a.png", "size differs: the table has 64x36, the file 128x72"),
        ("b.png", "zero bytes: the file is empty"),
    ]


def test_corners_slightly_outside_are_clipped_and_others_are_reported(tmp_path: Path) -> None:
    rows = "a.jpg,64,36,ball,-0.5,0,9.5,37\na.jpg,64,36,ball,-3,0,9,9\na.jpg,64,36,ball,9,9,9,12\n"
    rows += "a.jpg,64,36,ball,nan,0,9,9\na.jpg,65,36,ball,1,1,9,9\na.jpg,64,36,ball,-0.5,0,9.5,37\n"
    rows += "../a.jpg,64,36,ball,1,1,9,9\nb.jpg,0,36,ball,1,1,9,9\n"
    root = table(tmp_path / "x", rows)
    assert read(root).clips[0].frames[0].balls == (Ball(4.75, 18, 9.5, 36),)
    assert reasons(root) == [
        (3, "box outside the image: -3,0,9,9 in 64x36"),
        (4, "box without size: 9,9,9,12"),
        (5, "xmin is no number: 'nan'"),
        (6, "two sizes of one image: 65x36, before 64x36"),
        (7, "duplicate row: ball,-0.5,0,9.5,37"),
        (8, "filename leads out of the data root: '../a.jpg'"),
        (9, "width outside [1, 100000]: '0'"),
    ]


@pytest.mark.parametrize(
    ("classes", "wanted", "balls"),
    [
        (("ball", "basketball"), "ball", 1),
        (("Location-of-ball", "player"), "ball", 1),
        (("football", "football player"), "ball", 1),
        (("sphere", "player"), "Sphere", 1),
        (("ball", "player"), None, 0),
    ],
)
def test_the_ball_is_the_class_whose_name_is_or_ends_with_ball(
    tmp_path: Path, classes: tuple[str, ...], wanted: str | None, balls: int
) -> None:
    rows = "".join(f"a.jpg,64,36,{name},{n},1,9,9\n" for n, name in enumerate(classes))
    (clip,) = read(table(tmp_path, rows), ball_class=wanted).clips
    assert len(clip.frames[0].balls) == balls
    assert len(clip.frames[0].persons) == len(classes) - balls


def test_a_ball_name_without_a_matching_class_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(BallClassUnknown, match="player"):
        read(table(tmp_path, "a.jpg,64,36,player,1,1,9,9\n"))


def test_an_invalid_table_among_valid_ones_is_left_out_and_alone_is_an_error(tmp_path: Path) -> None:
    root = Path(shutil.copytree(SEEDS / "roboflow_csv", tmp_path / "x"))
    (root / "valid" / "_annotations.csv").write_text("a,b\n1,2\n")
    footage = read(root)
    assert footage.splits.keys() == {"train"}
    assert [entry.kind for entry in footage.quarantine] == ["no column filename or image or file"]
    shutil.rmtree(root / "train")
    with pytest.raises(TableUnreadable, match="no column filename"):
        read(root)


def test_an_empty_and_a_missing_root_are_typed_errors(tmp_path: Path) -> None:
    with pytest.raises(NoUsableSamples, match=r"expected _annotations\.csv"):
        read(tmp_path)
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")


def test_the_sample_loads(shared: Path) -> None:
    footage = read(shared / "data" / "formats" / "roboflow_csv")
    assert [clip.frames[0].balls[0].w for clip in footage.clips] == [25, 43]
