"""A YOLO dataset becomes clips; invalid files and rows are listed, and the rest still loads."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from raasid.errors import DataRootMissing, Exit, NoUsableSamples
from raasid.footage.formats import IMPORT_FORMATS, reader
from raasid.footage.formats.yolo import BallClassUnclear, BallClassUnknown, read
from raasid.footage.records import Ball
from raasid.footage.splits import split_by_match

BALL = "0 0.5 0.4 0.1 0.2\n"


def reasons(root: Path) -> list[tuple[str, int | None, str]]:
    return [(entry.path, entry.line, entry.kind) for entry in read(root).quarantine]


@pytest.mark.parametrize("name", IMPORT_FORMATS)
def test_every_format_in_the_table_has_a_reader(name: str) -> None:
    assert callable(reader(name))


def test_an_image_is_a_clip_of_one_frame_in_pixels(ball_set) -> None:
    (clip,) = read(ball_set({"images/train/a.jpg": BALL + "1 0.25 0.5 0.1 0.6\n"})).clips
    (frame,) = clip.frames
    assert (clip.id, clip.provenance.source, clip.match) == ("images/train/a", "yolo:set", "images/train/a")
    assert (frame.width, frame.height, frame.image.name) == (200, 100, "a.jpg")
    assert frame.balls == (Ball(100, 40, 20, 20),)
    assert (frame.persons[0].role, frame.persons[0].box) == ("player", pytest.approx((40, 20, 20, 60)))


def test_missing_and_empty_label_files_mean_background(ball_set) -> None:
    footage = read(
        ball_set({"images/train/a.jpg": None, "images/train/b.jpg": "", "images/train/c.jpg": BALL})
    )
    assert [clip.frames[0].ball is None for clip in footage.clips] == [True, True, False]
    assert len(footage.quarantine) == 0
    assert footage.notes == ()


def test_a_split_without_any_label_is_reported(ball_set) -> None:
    footage = read(ball_set({"images/train/a.jpg": None}))
    assert footage.notes == ("no image of train has a label: all 1 count as background",)


def test_invalid_rows_are_listed_with_file_and_line_and_the_valid_rows_load(ball_set) -> None:
    root = ball_set(
        {"images/train/a.jpg": b"7 0.5 0.5 0.1 0.1\n" + BALL.encode() + b"0 0.5 1.5 0.1 0.1\n\xff\xfe\n"}
    )
    assert reasons(root) == [
        ("labels/train/a.txt", 1, "class id not in names"),
        ("labels/train/a.txt", 3, "coordinate outside [0, 1]"),
        ("labels/train/a.txt", 4, "not UTF-8 text"),
    ]
    assert len(read(root).clips[0].frames[0].balls) == 1


def test_invalid_images_are_left_out_and_the_others_load(ball_set) -> None:
    root = ball_set({f"images/train/{name}.jpg": BALL for name in "abcd"})
    whole = (root / "images/train/a.jpg").read_bytes()
    (root / "images/train/a.jpg").write_bytes(whole[:-40])
    (root / "images/train/b.jpg").write_bytes(b"")
    (root / "images/train/c.jpg").write_text("not an image")
    assert reasons(root) == [
        ("images/train/a.jpg", None, "truncated JPEG"),
        ("images/train/b.jpg", None, "zero bytes"),
        ("images/train/c.jpg", None, "not an image"),
    ]
    footage = read(root)
    assert [clip.id for clip in footage.clips] == footage.splits["train"] == ["images/train/d"]


def test_a_label_without_an_image_is_listed_and_a_class_list_is_not(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL})
    (root / "labels/train/gone.txt").write_text(BALL)
    (root / "labels/train/classes.txt").write_text("ball\n")
    (root / "labels/val").mkdir()
    (root / "labels/val/b.txt").write_text(BALL)
    assert reasons(root) == [
        ("labels/train/gone.txt", None, "label file without image"),
        ("labels/val/b.txt", None, "label file without image"),
    ]


def test_of_two_images_that_share_a_label_file_only_one_is_used(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL, "images/train/a.png": None})
    assert reasons(root) == [("images/train/a.png", None, "two images for one label file")]


def test_labels_next_to_the_images_are_found(ball_set) -> None:
    root = ball_set({"train/a.jpg": BALL}, "train: train\nnames: [ball]\n")
    assert len(read(root).clips[0].frames[0].balls) == 1


def test_labels_are_found_when_the_root_is_inside_a_folder_named_images(tmp_path: Path, ball_set) -> None:
    root = tmp_path / "images" / "mine"
    shutil.copytree(ball_set({"images/train/a.jpg": BALL}), root)
    assert len(read(root).clips[0].frames[0].balls) == 1


@pytest.mark.parametrize("ball_class", ["Ball", "BALL", 0, "0"])
def test_the_ball_class_is_found_by_name_in_any_case_or_by_number(ball_class: str | int, ball_set) -> None:
    assert read(ball_set({"images/train/a.jpg": BALL}), ball_class).clips[0].frames[0].ball is not None


def test_the_error_for_an_unknown_class_lists_the_existing_ones(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL}, "train: images/train\nnames: [player, sports ball]\n")
    with pytest.raises(
        BallClassUnknown, match=r"has 0: player, 1: sports ball\. Set 'data\.ball_class=sports ball'"
    ):
        read(root)


def test_a_single_class_of_another_name_is_suggested(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL}, "train: images/train\nnames: [pelota]\n")
    with pytest.raises(BallClassUnknown, match=r"data\.ball_class=pelota") as caught:
        read(root)
    assert caught.value.exit is Exit.USAGE


def test_one_unnamed_class_is_the_ball_and_several_need_a_choice(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL}, None)
    assert read(root).clips[0].frames[0].ball is not None
    (root / "labels/train/a.txt").write_text(BALL + "5 0.1 0.1 0.1 0.1\n")
    with pytest.raises(BallClassUnclear, match=r"use 0, 5.*set data\.ball_class to its number"):
        read(root)
    assert read(root, 5).clips[0].frames[0].ball == Ball(20, 10, 20, 10)


def test_without_a_ball_every_object_is_a_person(ball_set) -> None:
    names = "train: images/train\nnames: [goalkeeper, Referee, dog]\n"
    rows = "".join(f"{number} 0.5 0.5 0.1 0.{number + 1}\n" for number in range(3))
    (clip,) = read(ball_set({"images/train/a.jpg": rows}, names), None).clips
    assert [person.role for person in clip.frames[0].persons] == ["goalkeeper", "referee", "other"]
    assert clip.frames[0].balls == ()


def test_keypoints_are_in_pixels(ball_set) -> None:
    pose = "0 0.5 0.5 0.4 0.8 " + " ".join(["0.25 0.75 2"] * 17)
    root = ball_set(
        {"images/train/a.jpg": pose}, "train: images/train\nkpt_shape: [17, 3]\nnames: [person]\n"
    )
    assert read(root, None).clips[0].frames[0].persons[0].keypoints == ((50.0, 75.0, 2),) * 17


def test_a_skeleton_other_than_cocos_is_reported_as_unused(ball_set) -> None:
    root = ball_set(
        {"images/train/a.jpg": "0 .5 .5 .4 .8 .5 .5 2"},
        "train: images/train\nkpt_shape: [1, 3]\nnames: [ball]\n",
    )
    assert [entry.kind for entry in read(root).quarantine] == ["keypoints not used"]


def test_a_folder_reads_the_same_at_any_location(ball_set, tmp_path: Path) -> None:
    root = ball_set({f"images/train/{n}.jpg": BALL for n in "cab"} | {"images/val/x.jpg": "oops"})
    first = read(root)
    shutil.copytree(root, tmp_path / "elsewhere" / "set")
    second = read(tmp_path / "elsewhere" / "set")
    assert [clip.id for clip in first.clips] == sorted(clip.id for clip in first.clips)
    assert [clip.id for clip in first.clips] == [clip.id for clip in second.clips]
    assert (first.splits, list(first.quarantine)) == (second.splits, list(second.quarantine))


def test_circular_links_do_not_hang(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL})
    (root / "images/train/round").symlink_to(root)
    assert [clip.id for clip in read(root).clips] == ["images/train/a"]


def test_the_error_for_a_missing_root_states_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing, match=r"no such folder: .*nowhere; expected a YOLO set"):
        read(tmp_path / "nowhere")


def test_the_error_for_an_empty_folder_states_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(NoUsableSamples, match="expected a YOLO set"):
        read(tmp_path)


def test_the_error_for_a_folder_of_invalid_images_counts_reasons_and_shows_one(ball_set) -> None:
    root = ball_set({"images/train/a.jpg": BALL, "images/train/b.jpg": BALL})
    for name in "ab":
        (root / f"images/train/{name}.jpg").write_bytes(b"")
    with pytest.raises(NoUsableSamples, match=r"2 zero bytes; the first: images/train/a\.jpg: zero bytes"):
        read(root)


def test_the_real_ball_dataset_is_read_within_a_second(shared: Path) -> None:
    footage = read(shared / "data" / "dfl_ball")

    def seconds() -> float:
        start = time.process_time()
        read(shared / "data" / "dfl_ball")
        return time.process_time() - start

    assert any(seconds() < 1 for _ in range(10))  # a busy machine has quiet moments
    assert (len(footage.clips), len(footage.quarantine), footage.notes) == (279, 0, ())
    assert {split: len(ids) for split, ids in footage.splits.items()} == {"train": 244, "val": 35}
    assert all(clip.frames[0].ball for clip in footage.clips)
    splits = split_by_match(footage.clips, footage.splits, 0.15, 0)
    assert {clip.match for clip in splits.test} == {"scene-2", "scene-5", "scene-22"}
    assert (len(splits.train), len(splits.val), len(splits.test)) == (207, 37, 35)


@pytest.mark.parametrize(("name", "images"), [("detect", "train/images"), ("pose", "images/train")])
def test_the_sample_datasets_are_read_when_their_images_exist(
    name: str, images: str, shared: Path, ball_set
) -> None:
    sample = shared / "data" / "formats" / "yolo" / name
    (label,) = sample.glob("*.txt")
    root = ball_set({f"{images}/{label.stem}.jpg": label.read_bytes()}, (sample / "data.yaml").read_text())
    frame = read(root, "ball" if name == "detect" else None).clips[0].frames[0]
    assert len(frame.balls) == (name == "detect")
    assert [len(person.keypoints) for person in frame.persons] == ([] if name == "detect" else [17])
