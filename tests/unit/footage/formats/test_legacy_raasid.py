"""The origin project's JSON lists: its leak, its fractions, and its three keypoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fuzzing import SEEDS

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.legacy_raasid import read
from raasid.footage.formats.parsing.json_reader import JsonUnreadable
from raasid.footage.records import Ball
from raasid.laws.facts import read_facts

INTENTS = ("deliberate", "accidental", "natural_position", "unnatural_position")


def record(image: str = "images/a.png", **more: Any) -> dict[str, Any]:
    return {"image_path": image, "frame_number": 3, "ball_position": [0.5, 0.25], **more}


def lists(root: Path, **splits: list[Any]) -> Path:
    for split, records in splits.items():
        (root / f"{split}_annotations.json").write_text(json.dumps(records))
    return root


def reasons(root: Path) -> list[str]:
    return [entry.reason for entry in read(root).quarantine]


def test_an_image_in_train_and_val_stays_in_val_and_the_leak_is_reported() -> None:
    footage = read(SEEDS / "origin")
    assert footage.splits == {"train": ["images/frame_200"], "val": ["images/frame_123"]}
    assert footage.notes[0] == (
        "1 of 2 images of train are in a more held-out split, too, and were dropped from train, such as "
        "images/frame_123.jpg: figures of that data so far were flattered"
    )


def test_without_an_image_or_a_size_there_are_no_pixel_coordinates() -> None:
    footage = read(SEEDS / "origin")
    assert all(not clip.frames[0].balls and not clip.frames[0].persons for clip in footage.clips)
    assert (
        footage.notes[-1]
        == "2 records have neither ball nor pose: without image or data.image_size no pixels"
    )


def test_a_given_size_converts_fractions_to_pixels() -> None:
    clips = {clip.id: clip.frames[0] for clip in read(SEEDS / "origin", image_size=(1000, 500)).clips}
    assert clips["images/frame_123"].balls == (Ball(620, 135, 0, 0),)
    (person,) = clips["images/frame_200"].persons
    assert person.keypoints[0] == (500, 100, 2)
    assert person.keypoints[4] == (0, 0, 0)
    assert person.box == pytest.approx((400, 95, 200, 330))


def test_the_image_size_takes_precedence_over_the_given_size(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((36, 64, 3), np.uint8))
    (clip,) = read(lists(tmp_path, train=[record()]), image_size=(1000, 500)).clips
    assert clip.frames[0].balls == (Ball(32, 9, 0, 0),)


def test_poses_with_other_keypoints_than_cocos_are_unused_and_reported(tmp_path: Path) -> None:
    root = lists(tmp_path, train=[record(pose_data={"keypoints": [[0.5, 0.5]] * 3})])
    assert reasons(root) == ["keypoints not used: 3, only COCO's 17 are"]
    assert len(read(root, image_size=(64, 36)).clips[0].frames[0].balls) == 1


@pytest.mark.parametrize(
    ("intent", "fact", "value"),
    [
        ("deliberate", "deliberate", True),
        ("accidental", "deliberate", False),
        ("natural_position", "bigger", False),
        ("unnatural_position", "bigger", True),
    ],
)
def test_the_intent_becomes_a_fact_of_the_laws(tmp_path: Path, intent: str, fact: str, value: bool) -> None:
    (clip,) = read(lists(tmp_path, train=[record(player_intent=intent, game_situation="set_piece")])).clips
    assert getattr(read_facts(clip.facts), fact) is value
    assert clip.tags == ("set_piece",)


def test_invalid_records_are_reported_and_the_others_load(tmp_path: Path) -> None:
    bad = [
        record("../a.png"),
        record(ball_position=[0.5]),
        record(ball_position=[0.5, 7]),
        record(player_intent="unsure"),
        record(frame_number=-1),
        record(pose_data=[1]),
        None,
        record(7),
    ]
    root = lists(tmp_path, train=[record("good.png"), *bad, record("good.png")])
    path = root / "train_annotations.json"
    path.write_text(path.read_text().replace("}, ", "},\n"))
    assert [clip.id for clip in read(root).clips] == ["good"]
    assert [(entry.line, entry.reason) for entry in read(root).quarantine] == [
        (2, "image_path leads out of the data root: '../a.png'"),
        (3, "ball_position is no list of 2 numbers: [0.5]"),
        (4, "ball_position outside [0, 1]: 7"),
        (5, f"player_intent is none of {', '.join(INTENTS)}: 'unsure'"),
        (6, "frame_number outside [0, 10000000]: -1"),
        (7, "pose_data is no object: [1]"),
        (8, "image_path is no text: 7"),
        (8, "record is no object: None"),
        (9, "second record of one image: 'good.png'"),
    ]


def test_a_truncated_image_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    footage = read(lists(tmp_path, train=[record("a.png"), record("b.png")]))
    assert [clip.id for clip in footage.clips] == ["b"]
    assert [(entry.path, entry.kind) for entry in footage.quarantine] == [("a.png", "zero bytes")]


def test_a_truncated_list_is_left_out_but_alone_is_an_error(tmp_path: Path) -> None:
    lists(tmp_path, train=[record()])
    (tmp_path / "val_annotations.json").write_text("[\n{")
    assert [(entry.path, entry.line) for entry in read(tmp_path).quarantine] == [("val_annotations.json", 2)]
    (tmp_path / "train_annotations.json").unlink()
    with pytest.raises(JsonUnreadable, match="line 2"):
        read(tmp_path)


def test_missing_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match=r"train_annotations\.json"):
        read(tmp_path)


def test_the_sample_loads(shared: Path) -> None:
    (clip,) = read(shared / "data" / "formats" / "origin", image_size=(1920, 1080)).clips
    assert clip.facts == {"player_intent": "deliberate", "deliberate": True}
    assert clip.frames[0].balls[0].x == pytest.approx(0.62 * 1920)
