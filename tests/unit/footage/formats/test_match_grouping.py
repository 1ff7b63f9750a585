"""Images are grouped into matches, so that no split divides a match."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raasid.footage.formats.footage_builder import group_by_match, source_image
from raasid.footage.formats.yolo_sheet import DataYamlUnreadable


def test_scenes_json_decides_by_name_or_by_path(tmp_path: Path) -> None:
    (tmp_path / "scenes.json").write_text(json.dumps({"a.jpg": 3, "images/val/a.jpg": "cup"}))
    matches, notes = group_by_match(tmp_path, {"train": ["images/train/a.jpg"], "val": ["images/val/a.jpg"]})
    assert matches == {"images/train/a.jpg": "scene-3", "images/val/a.jpg": "scene-cup"}
    assert notes == []


def test_an_image_missing_from_scenes_json_is_its_own_match_and_is_reported(tmp_path: Path) -> None:
    (tmp_path / "scenes.json").write_text('{"a.jpg": 0}')
    matches, notes = group_by_match(tmp_path, {"": ["images/a.jpg", "images/b.jpg"]})
    assert matches == {"images/a.jpg": "scene-0", "images/b.jpg": "images/b"}
    assert notes[0].startswith("scenes.json names no scene for 1 of 2 images, such as images/b.jpg")


@pytest.mark.parametrize("text", ['{"a.jpg": 1,\n oops}', "[1]", '{"a.jpg": [1]}', '{"a.jpg": true}', "\xff"])
def test_an_invalid_scenes_json_stops_the_run(text: str, tmp_path: Path) -> None:
    (tmp_path / "scenes.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataYamlUnreadable, match=r"scenes\.json"):
        group_by_match(tmp_path, {"": ["a.jpg"]})


@pytest.mark.parametrize(
    "name",
    [
        "goal_jpg.rf.0a1b2c3d.jpg",
        "goal_jpeg.rf.ffff.png",
        "goal.rf.Zz09.jpg",
        "goal_png.rf.1234567890abcdef.webp",
    ],
)
def test_an_exported_copy_is_identified_by_its_source(name: str) -> None:
    assert source_image(f"train/images/{name}") == "goal"


def test_augmented_copies_of_one_image_belong_to_one_match(tmp_path: Path) -> None:
    names = [
        "train/images/goal_jpg.rf.aa.jpg",
        "valid/images/goal_jpg.rf.bb.jpg",
        "train/images/foul_jpg.rf.aa.jpg",
    ]
    matches, _ = group_by_match(tmp_path, {"train": [names[0], names[2]], "val": [names[1]]})
    assert matches == {names[0]: "goal", names[1]: "goal", names[2]: "foul"}


def test_each_numbered_series_of_frames_is_a_match(tmp_path: Path) -> None:
    names = [
        "final_000001.jpg",
        "final_000099.jpg",
        "derby-7.jpg",
        "derby-8.jpg",
        "poster.jpg",
        "lonely_3.jpg",
    ]
    matches, notes = group_by_match(tmp_path, {"": names})
    assert [matches[name] for name in names] == ["final", "final", "derby", "derby", "poster", "lonely_3"]
    assert notes == []


def test_a_single_series_does_not_determine_matches(tmp_path: Path) -> None:
    matches, notes = group_by_match(
        tmp_path, {"train": ["images/train/img_1.jpg"], "val": ["images/val/img_2.jpg"]}
    )
    assert len(set(matches.values())) == 2
    assert notes == []


def test_equal_frame_numbers_in_two_splits_are_two_images(tmp_path: Path) -> None:
    matches, _ = group_by_match(
        tmp_path, {"train": ["train/images/0001.jpg"], "val": ["valid/images/0001.jpg"]}
    )
    assert len(set(matches.values())) == 2


def test_an_inferred_series_does_not_override_declared_splits_but_is_reported(tmp_path: Path) -> None:
    train, val = ["a_1.jpg", "a_2.jpg", "b_1.jpg", "b_2.jpg"], ["a_3.jpg"]
    matches, notes = group_by_match(tmp_path, {"train": train, "val": val})
    assert (matches["a_1.jpg"], matches["a_3.jpg"], matches["b_1.jpg"]) == ("a-train", "a-val", "b")
    assert notes[0].startswith(
        "names look as if 1 series of frames were cut by the declared splits, such as 'a'"
    )
