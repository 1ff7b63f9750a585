"""Images are found in the layouts that people and exporters use."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.footage.formats.yolo_sheet import DataYaml, DataYamlUnreadable, read_data_yaml
from raasid.footage.quarantine import Quarantine


def sheet_of(root: Path) -> tuple[DataYaml, Quarantine]:
    quarantine = Quarantine()
    return read_data_yaml(root, quarantine), quarantine


def found(root: Path) -> dict[str, list[str]]:
    sheet, _ = sheet_of(root)
    return {
        split: [path.relative_to(root).as_posix() for path in paths] for split, paths in sheet.images.items()
    }


@pytest.mark.parametrize(
    "sheet",
    [
        "path: .\ntrain: images/train\nval: images/val\n",
        "path: /somebody/elses/disk\ntrain: images/train\nval: images/val\n",
        "path: set\ntrain: [images/train]\nval: images/val/\n",
        "train: ./images/train\nval: ./images/val\n",
        "train: ../images/train\nval: ../images/val\n",
        "train: ../../set/images/train\nvalid: /content/set/images/val\n",
        "train: C:\\sets\\images\\train\nvalidation: images\\val\n",
        "names: [ball]\n",
        None,
    ],
)
def test_the_splits_are_found_in_every_notation_of_their_paths(sheet: str | None, ball_set) -> None:
    root = ball_set({"images/train/a.jpg": None, "images/val/b.png": None}, sheet)
    assert found(root) == {"train": ["images/train/a.jpg"], "val": ["images/val/b.png"]}


def test_an_export_with_a_folder_per_split_is_found(ball_set) -> None:
    images = {"train/images/a.jpg": None, "valid/images/b.jpg": None, "test/images/c.jpg": None}
    sheet = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"
    wanted = {"train": ["train/images/a.jpg"], "val": ["valid/images/b.jpg"], "test": ["test/images/c.jpg"]}
    root = ball_set(images, sheet)
    assert found(root) == wanted
    (root / "data.yaml").unlink()
    assert found(root) == wanted


def test_a_sibling_folder_of_the_same_name_is_not_read(ball_set) -> None:
    root = ball_set(
        {"train/images/a.jpg": None, "../train/images/stranger.jpg": None}, "train: ../train/images\n"
    )
    assert found(root) == {"train": ["train/images/a.jpg"]}


def test_images_without_splits_are_one_unnamed_split(ball_set) -> None:
    assert found(ball_set({"images/a.jpg": None}, None)) == {"": ["images/a.jpg"]}


def test_images_next_to_the_labels_are_found(ball_set) -> None:
    assert found(ball_set({"b.jpg": None, "a.JPEG": None}, None)) == {"": ["a.JPEG", "b.jpg"]}


def test_a_split_may_be_a_list_of_images_in_a_text_file(ball_set) -> None:
    root = ball_set(
        {"images/a.jpg": None, "images/b.jpg": None, "images/c.jpg": None}, "train: lists/train.txt\n"
    )
    (root / "lists").mkdir()
    (root / "lists" / "train.txt").write_text(
        "./images/b.jpg\r\n\r\n/elsewhere/images/a.jpg\nimages/gone.jpg\n"
    )
    sheet, quarantine = sheet_of(root)
    assert [path.name for path in sheet.images["train"]] == ["a.jpg", "b.jpg"]
    assert [(e.path, e.line, e.kind) for e in quarantine] == [
        ("lists/train.txt", 4, "listed image not there")
    ]


def test_a_declared_split_that_does_not_exist_is_noted(ball_set) -> None:
    _, quarantine = sheet_of(
        ball_set({"images/train/a.jpg": None}, "train: images/train\ntest: images/test\n")
    )
    assert [entry.reason for entry in quarantine] == ["split not there: test is 'images/test'"]


def test_unsupported_media_types_are_noted(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": None})
    (root / "images" / "train" / "b.HEIC").touch()
    assert [(entry.path, entry.kind) for entry in sheet_of(root)[1]] == [
        ("images/train/b.HEIC", "file type not read")
    ]


@pytest.mark.parametrize("names", ["[ball, player]", "{1: player, 0: ball}", "{'0': ball, '1': player}"])
def test_class_names_may_be_a_list_or_a_mapping_by_number(names: str, ball_set) -> None:
    assert sheet_of(ball_set({}, f"names: {names}\n"))[0].names == {0: "ball", 1: "player"}


def test_a_class_list_next_to_the_labels_names_the_classes(ball_set) -> None:
    root = ball_set({"images/a.jpg": None}, None)
    (root / "classes.txt").write_text("player\nball\n")
    assert sheet_of(root)[0].names == {0: "player", 1: "ball"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: [images\nval: x\n", r"data\.yaml, line 2: not valid YAML"),
        ("train: images\n\tval: x\n", r"data\.yaml, line 2: not valid YAML"),
        ("- images\n", r"line 1: expected keys such as train"),
        ("", r"line 1: expected keys such as train"),
        ("names: ball\n", r"names must be a list or id: name, but is 'ball'"),
        ("names: [ball]\nnc: 2\n", r"nc is 2, but names holds 1"),
        ("train: 7\n", r"train must be a path or a list of paths, but has 7"),
        ("kpt_shape: 17\n", r"kpt_shape must be \[points, 2 or 3\], but is 17"),
        ("kpt_shape: [17, 4]\n", r"kpt_shape must be \[points, 2 or 3\], but is \[17, 4\]"),
    ],
)
def test_an_invalid_sheet_is_an_error_with_position_and_reason(text: str, message: str, ball_set) -> None:
    with pytest.raises(DataYamlUnreadable, match=message):
        sheet_of(ball_set({"images/train/a.jpg": None}, text))


def test_a_sheet_that_is_not_text_is_an_error(ball_set) -> None:
    root = ball_set({})
    (root / "data.yaml").write_bytes(b"\x00\xff\xfe")
    with pytest.raises(DataYamlUnreadable, match="not a YAML text"):
        sheet_of(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: " + "[" * 3000, "line 1: nested too deeply: more than 16 levels"),
        ("- " * 3000 + "\n", "line 1: nested too deeply: more than 16 levels"),
        ("names: 2026-13-45\n", "not valid YAML: month must be in 1..12"),
        (f"nc: {'9' * 5000}\n", "not valid YAML"),
        ("names: {'999999999999': ball}\n", "names must be a list or id: name"),
    ],
)
def test_a_sheet_that_crashes_yaml_parsers_is_an_error(text: str, message: str, ball_set) -> None:
    with pytest.raises(DataYamlUnreadable, match=message):
        sheet_of(ball_set({"images/train/a.jpg": None}, text))


def test_exponentially_nested_names_are_displayed_in_short(ball_set) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefghijklmn", "bcdefghijklmno", strict=True)
    )
    with pytest.raises(DataYamlUnreadable) as failure:
        sheet_of(ball_set({"images/train/a.jpg": None}, f"{bomb}names: [*o, *o]\nnc: 9\n"))
    assert len(str(failure.value)) < 1000
