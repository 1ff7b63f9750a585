"""GSR: pitch positions, roles, string ids, and files much larger than the memory they may need."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from label_files import FIXTURES, peak_over_size, reasons, write_image, written
from soak import rounds

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.parsing.json_reader import JsonUnreadable
from raasid.footage.formats.soccernet_gsr import LABELS, read
from raasid.footage.records import Ball, Event, Person

BOX = {"x": 100, "y": 20, "x_center": 125.0, "y_center": 60.0, "w": 50, "h": 60}
PITCH = {"x_bottom_left": 15.0, "y_bottom_left": -9.0, "x_bottom_middle": 15.3, "y_bottom_middle": -8.7}


def image(number: int, **more: Any) -> dict[str, Any]:
    return {
        "image_id": str(1000 + number),
        "file_name": f"{number:06d}.jpg",
        "width": 200,
        "height": 100,
        **more,
    }


def entry(image_id: Any = "1001", **more: Any) -> dict[str, Any]:
    given = {
        "image_id": image_id,
        "track_id": 3,
        "supercategory": "object",
        "category_id": 1,
        "bbox_image": BOX,
    }
    return {
        **given,
        "attributes": {"role": "player", "jersey": "7", "team": "left"},
        "bbox_pitch": PITCH,
        **more,
    }


def game(folder: Path, *entries: Any, images: Any = None, name: str = "SNGS-1", **info: Any) -> Path:
    document = {
        "info": {"version": "1.3", "name": name, "frame_rate": 25, "im_dir": "img1", **info},
        "images": [image(1), image(2)] if images is None else images,
        "annotations": list(entries),
    }
    written(folder / name / LABELS, document)
    return folder


def test_the_sample_has_its_player_on_the_pitch_and_its_ball(shared: Path) -> None:
    footage = read(shared / "data/formats/gsr")
    (clip,) = footage.clips
    (frame,) = clip.frames
    assert (clip.id, clip.match, clip.tags) == ("SNGS-001", "game-4", ("foul",))
    assert clip.events == (Event(25, "foul"),)
    player = Person(3, "player", (100, 200, 50, 120), "left", jersey="7", pitch_xy_m=(15.3, -8.7))
    assert frame.persons == (player,)
    assert frame.balls == (Ball(646, 406, 12, 12),)
    assert footage.notes[-1] == "annotations that are not used: 1 pitch"


@pytest.mark.parametrize(
    ("attributes", "category", "expected"),
    [
        ({"role": "goalkeeper", "team": "right", "jersey": None}, 2, ("goalkeeper", "right", None)),
        ({"role": "referee", "team": None, "jersey": None}, 3, ("referee", None, None)),
        ({"role": "other", "team": "both", "jersey": "A"}, 7, ("other", None, None)),
        ({}, 2, ("goalkeeper", None, None)),
        ({"role": "player", "team": "left", "jersey": 10}, 1, ("player", "left", "10")),
    ],
)
def test_roles_teams_and_numbers(attributes: Any, category: int, expected: Any, tmp_path: Path) -> None:
    root = game(tmp_path, entry(attributes=attributes, category_id=category))
    (person,) = read(root).clips[0].frames[0].persons
    assert (person.role, person.team, person.jersey) == expected


def test_pitch_and_camera_annotations_are_counted_but_not_read(tmp_path: Path) -> None:
    lines = {"image_id": "1001", "supercategory": "pitch", "category_id": 5, "lines": {}}
    camera = {"image_id": "1001", "supercategory": "camera", "category_id": 6}
    footage = read(game(tmp_path, lines, camera, lines))
    assert footage.notes[-1] == "annotations that are not used: 1 camera, 2 pitch"
    assert reasons(footage) == []


def test_every_listed_image_is_a_frame_and_frame_one_is_the_first(tmp_path: Path) -> None:
    (clip,) = read(game(tmp_path, entry("1002"), images=[image(2), image(1)])).clips
    assert [(frame.index, len(frame.persons)) for frame in clip.frames] == [(0, 0), (1, 1)]


def test_images_that_exist_are_probed(tmp_path: Path) -> None:
    root = game(tmp_path, entry())
    write_image(root / "SNGS-1/img1/000001.jpg")
    footage = read(root)
    assert [frame.index for frame in footage.clips[0].frames] == [0]
    assert [path for path, *_ in reasons(footage)] == ["SNGS-1/img1/000002.jpg"]


BAD = {
    "id": (entry("77"), "image_id of no image: '77'"),
    "number as id": (entry(1001), "image_id is no text: 1001"),
    "box": (entry(bbox_image=None), "bbox_image is no object: None"),
    "size": (entry(bbox_image={**BOX, "w": 0}), "box without size: 0 x 60"),
    "track": (entry(track_id="x"), "track_id is no number: 'x'"),
    "pitch": (
        entry(bbox_pitch={"x_bottom_middle": 1e9, "y_bottom_middle": 0}),
        "bbox_pitch x_bottom_middle outside",
    ),
    "class": (entry(attributes=None, category_id=99), "neither role nor known category: None, 99"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_an_invalid_annotation_is_left_out_with_its_line(bad: Any, reason: str, tmp_path: Path) -> None:
    text = json.dumps({"info": {}, "images": [image(1)], "annotations": []})
    rows = json.dumps(entry()) + ",\n" + json.dumps(bad)
    written(tmp_path / "SNGS-1" / LABELS, text.replace('"annotations": []', f'"annotations": [\n{rows}]'))
    footage = read(tmp_path)
    ((path, line, message),) = reasons(footage)
    assert (path, line) == (f"SNGS-1/{LABELS}", 3)
    assert message.startswith(reason)
    assert len(footage.clips[0].frames[0].persons) == 1


def test_one_truncated_game_does_not_prevent_reading_the_others(tmp_path: Path) -> None:
    game(tmp_path, entry())
    written(tmp_path / "SNGS-2" / LABELS, '{"info": {}, "images": [\n{"image_id"')
    footage = read(tmp_path)
    assert [clip.id for clip in footage.clips] == ["SNGS-1"]
    assert [(path, line) for path, line, _ in reasons(footage)] == [(f"SNGS-2/{LABELS}", 2)]


def test_a_root_without_usable_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match="expected folders SNGS"):
        read(tmp_path)
    with pytest.raises(NoUsableSamples, match="no images"):
        read(game(tmp_path, images=[]))
    written(tmp_path / "SNGS-1" / LABELS, "[" * 10_000)
    with pytest.raises(JsonUnreadable):
        read(tmp_path)


def test_the_fixture_is_read_completely() -> None:
    footage = read(FIXTURES / "gsr")
    assert reasons(footage) == []
    assert footage.splits == {"train": ["train/SNGS-007"]}


@pytest.mark.soak
def test_a_large_file_needs_less_memory_than_three_times_its_size(tmp_path: Path) -> None:
    rng = random.Random(0)
    rows = []
    for number in range(rounds(6_000, 24_000)):
        box = {**BOX, "x": rng.randrange(1800), "y": rng.randrange(900), "w": rng.randrange(9, 99)}
        pitch = {
            f"{axis}_bottom_{side}": rng.uniform(-50, 50)
            for side in ("left", "right", "middle")
            for axis in "xy"
        }
        rows.append(entry(str(1001 + number % 750), track_id=number // 750, bbox_image=box, bbox_pitch=pitch))
    game(tmp_path, *rows, images=[image(n) for n in range(1, 751)])
    ratio = peak_over_size(read, tmp_path, FIXTURES / "gsr")
    print(f"gsr: peak {ratio:.2f} x {(tmp_path / 'SNGS-1' / LABELS).stat().st_size:,} bytes")
    assert ratio < 1.5
