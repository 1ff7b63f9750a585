"""COCO: keypoints by name, crowds, areas, videos, our own files, and missing images."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from label_files import FIXTURES, peak_over_size, reasons, write_image, written
from soak import rounds

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage import coco_format
from raasid.footage.formats.coco import read
from raasid.footage.formats.parsing.json_reader import JsonUnreadable
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import Ball, Clip, Frame, Person, Provenance, Visibility

PERSON = {"id": 1, "name": "person", "keypoints": list(KEYPOINTS), "supercategory": "person"}
BALL = {"id": 2, "name": "ball"}


def image(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "file_name": f"{number:03d}.jpg", "width": 200, "height": 100, **more}


def entry(image_id: Any = 1, category_id: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": 1, "image_id": image_id, "category_id": category_id, "bbox": [10, 20, 30, 60], **more}


def coco(folder: Path, *entries: Any, images: Any = None, categories: Any = None, **more: Any) -> Path:
    document = {
        "images": [image(1)] if images is None else images,
        "annotations": list(entries),
        "categories": [PERSON, BALL] if categories is None else categories,
        **more,
    }
    written(folder / "annotations.json", document)
    return folder


def persons(root: Path) -> tuple[Person, ...]:
    return read(root).clips[0].frames[0].persons


def test_the_published_sample_is_read_with_all_its_values(shared: Path) -> None:
    (clip,) = read(shared / "data/formats/coco").clips
    (person,) = clip.frames[0].persons
    assert person.box == (280.79, 44.73, 218.7, 346.68)
    assert person.area == 27789.11055
    assert person.keypoints[0] == (367, 81, 2)
    assert person.keypoints[16] == (396, 341, 2)
    assert (clip.frames[0].width, clip.frames[0].height) == (640, 425)
    assert clip.provenance.license == "Attribution License"


def test_listed_images_that_do_not_exist_are_left_out_by_name(shared: Path) -> None:
    footage = read(shared / "data/coco")
    assert [clip.id for clip in footage.clips] == ["000000000785"]
    assert len(reasons(footage)) == 3
    assert {reason for *_, reason in reasons(footage)} == {"image not there: the annotations name it"}


def test_labels_without_any_image_load_with_one_note(tmp_path: Path) -> None:
    footage = read(coco(tmp_path, entry(), images=[image(1), image(2)]))
    assert [clip.id for clip in footage.clips] == ["001", "002"]
    assert footage.clips[0].frames[0].image == tmp_path / "001.jpg"
    assert footage.notes == ("2 of 2 images are not there: labels alone, such as for 001.jpg",)
    assert reasons(footage) == []


@pytest.mark.parametrize("subfolder", ["", "images", "val2017", "images/val2017"])
def test_images_are_found_in_the_folders_that_exporters_use(subfolder: str, tmp_path: Path) -> None:
    document = {"images": [image(1)], "annotations": [entry()], "categories": [PERSON]}
    written(tmp_path / "annotations" / "person_keypoints_val2017.json", document)
    path = write_image(tmp_path / subfolder / "001.jpg")
    assert read(tmp_path).clips[0].frames[0].image == path


def test_an_invalid_image_and_one_of_another_size_are_left_out(tmp_path: Path) -> None:
    root = coco(tmp_path, images=[image(1), image(2), image(3)])
    write_image(root / "001.jpg")
    write_image(root / "002.jpg", 100, 100)
    written(root / "003.jpg", b"")
    footage = read(root)
    assert [clip.id for clip in footage.clips] == ["001"]
    assert reasons(footage) == [
        ("002.jpg", None, "another size than annotated: 100x100, annotated 200x100"),
        ("003.jpg", None, "zero bytes: the file is empty"),
    ]


def test_keypoints_are_put_in_order_by_their_names(tmp_path: Path) -> None:
    kind = {"id": 1, "name": "player", "keypoints": ["Right Wrist", "nose", "tail", "leftElbow"]}
    points = [1, 2, 2, 3, 4, 1, 5, 6, 2, 7, 8, 2]
    (person,) = persons(coco(tmp_path, entry(keypoints=points), categories=[kind]))
    assert len(person.keypoints) == 17
    labelled = {KEYPOINTS[i]: point for i, point in enumerate(person.keypoints) if point[2]}
    assert labelled == {"right_wrist": (1, 2, 2), "nose": (3, 4, 1), "left_elbow": (7, 8, 2)}
    assert person.keypoints[5] == (0, 0, 0)


def test_an_unlabelled_keypoint_has_no_position_whatever_its_coordinates(tmp_path: Path) -> None:
    (person,) = persons(coco(tmp_path, entry(keypoints=[9, 9, 0] + [1, 1, 2] * 16)))
    assert person.keypoints[0] == (0, 0, 0)


def test_crowds_areas_and_tracks_are_kept_and_a_missing_area_is_unknown(tmp_path: Path) -> None:
    rows = [
        entry(iscrowd=1, area=700.5, track_id=8),
        entry(),
        entry(area=0, attributes={"track_id": 3, "occluded": True}),
    ]
    found = persons(coco(tmp_path, *rows))
    assert [(p.crowd, p.area, p.track) for p in found] == [
        (True, 700.5, 8),
        (False, None, 9),
        (False, None, 3),
    ]


def test_the_ball_is_recognised_by_its_category_name(tmp_path: Path) -> None:
    for name in ("ball", "sports ball", "Soccer-Ball", "football"):
        root = coco(tmp_path, entry(category_id=5), categories=[{"id": 5, "name": name}])
        assert read(root).clips[0].frames[0].balls == (Ball(25, 50, 30, 60),)
    assert read(root, ball_class=None).clips[0].frames[0].balls == ()
    root = coco(tmp_path, entry(category_id=5), categories=[{"id": 5, "name": "sphere"}])
    assert read(root, ball_class="Sphere").clips[0].frames[0].balls


def test_roles_come_from_category_names_and_other_objects_are_counted(tmp_path: Path) -> None:
    kinds = [{"id": n, "name": name} for n, name in enumerate(["goalkeeper", "Referee", "bench"])]
    root = coco(tmp_path, *(entry(category_id=n) for n in (0, 1, 2, 2)), categories=kinds)
    footage = read(root)
    assert [person.role for person in footage.clips[0].frames[0].persons] == ["goalkeeper", "referee"]
    assert footage.notes[-1] == "2 annotations are neither ball nor person and not used: bench (2)"


def test_videos_become_clips_with_frames_in_order(tmp_path: Path) -> None:
    images = [image(n, video_id=4, frame_id=10 - n) for n in (1, 2, 3)]
    root = coco(tmp_path, entry(3, 2), images=images, videos=[{"id": 4, "name": "derby", "fps": 50}])
    (clip,) = read(root).clips
    assert (clip.id, clip.frame_rate_hz) == ("derby", 50)
    assert [frame.index for frame in clip.frames] == [7, 8, 9]
    assert clip.frames[0].ball is not None


def test_splits_come_from_folder_names_and_file_names(tmp_path: Path) -> None:
    for number, name in enumerate(["train/_annotations.coco.json", "valid/_annotations.coco.json"]):
        written(tmp_path / name, {"images": [image(number)], "annotations": [], "categories": [BALL]})
    assert read(tmp_path).splits == {"train": ["000"], "val": ["001"]}


def test_name_series_are_matches_unless_scenes_json_decides(tmp_path: Path) -> None:
    names = ["cup_01.jpg", "cup_02.jpg", "derby_01.jpg", "derby_02.jpg"]
    images = [image(number, file_name=name) for number, name in enumerate(names)]
    root = coco(tmp_path, images=images)
    assert [clip.match for clip in read(root).clips] == ["cup", "cup", "derby", "derby"]
    written(root / "scenes.json", dict.fromkeys(names, 7))
    footage = read(root)
    assert {clip.match for clip in footage.clips} == {"scene-7"}
    assert reasons(footage) == []


def test_our_own_file_keeps_fields_that_coco_lacks(tmp_path: Path) -> None:
    person = Person(3, "goalkeeper", (1.0, 2.0, 3.0, 4.0), "left", jersey="1", pitch_xy_m=(-50.0, 0.5))
    frame = Frame(7, Path("a.jpg"), 64, 32, (Ball(5.0, 6.0, 0.0, 0.0, Visibility.HIDDEN),), (person,))
    clip = Clip("a", (frame,), Provenance("test", match="m"), facts={"deliberate": True}, tags=("night",))
    coco_format.write([clip], tmp_path)
    assert read(tmp_path).clips == coco_format.read(tmp_path)


BAD = {
    "no number": (entry(bbox=[1, 2, "x", 4]), "bbox is no number: 'x'"),
    "nan": (entry(bbox=[1, 2, float("nan"), 4]), "bbox outside"),
    "too few": (entry(bbox=[1, 2, 3]), "bbox is no list of 4 numbers: [1, 2, 3]"),
    "no box": ({"image_id": 1, "category_id": 1}, "bbox is no list of 4 numbers: None"),
    "no size": (entry(bbox=[1, 2, 0, 4]), "box without size: [1, 2, 0, 4]"),
    "no image": (entry(99), "image_id of no image: 99"),
    "no category": (entry(1, 99), "category_id of no category: 99"),
    "points": (entry(keypoints=[1, 2, 2]), "keypoints is no list of 51 numbers: [1, 2, 2]"),
    "visibility": (entry(keypoints=[1, 2, 7] * 17), "keypoint visibility not 0, 1 or 2: [7.0"),
    "no object": ([1, 2], "annotation is no object: [1, 2]"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_an_invalid_annotation_is_left_out_with_file_line_and_reason(
    bad: Any, reason: str, tmp_path: Path
) -> None:
    head = {"images": [image(1)], "categories": [PERSON, BALL]}
    text = (
        json.dumps(head)[:-1] + ', "annotations": [\n' + json.dumps(entry()) + ",\n" + json.dumps(bad) + "]}"
    )
    written(tmp_path / "a.json", text)
    footage = read(tmp_path)
    ((path, line, message),) = reasons(footage)
    assert (path, line) == ("a.json", 3)
    assert message.startswith(reason)
    assert len(footage.clips[0].frames[0].persons) == 1


def test_invalid_images_and_categories_are_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    images = [image(1), image(1), image(2, width=-5), {"id": 3, "file_name": "../../etc/x.jpg"}, "x"]
    footage = read(coco(tmp_path, entry(), images=images, categories=[PERSON, {"id": 9}]))
    assert [clip.id for clip in footage.clips] == ["001"]
    messages = {reason.partition(":")[0] for *_, reason in reasons(footage)}
    assert {"image id twice", "width outside [0, 100000]", "file_name leads out of the data root"} <= messages
    assert len(messages) == 5


def test_files_that_are_not_coco_are_left_out_next_to_a_valid_one(tmp_path: Path) -> None:
    coco(tmp_path, entry())
    written(tmp_path / "results.json", [{"image_id": 1, "score": 0.5}])
    written(tmp_path / "torn.json", '{"images": [')
    footage = read(tmp_path)
    assert [path for path, *_ in reasons(footage)] == ["results.json", "torn.json"]
    assert len(footage.clips) == 1


def test_a_root_without_usable_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match="expected COCO JSON files"):
        read(tmp_path)
    written(tmp_path / "a.json", '{"images": [}')
    with pytest.raises(JsonUnreadable, match="line 1"):
        read(tmp_path)


def test_the_fixture_is_read_completely() -> None:
    footage = read(FIXTURES / "coco")
    assert reasons(footage) == []
    assert sorted(footage.splits) == ["train", "val"]


@pytest.mark.soak
def test_a_large_file_needs_less_memory_than_three_times_its_size(tmp_path: Path) -> None:
    """COCO's own layout: whole pixels, a polygon round each person; a file of some megabytes."""
    rng = random.Random(0)
    rows = []
    for number in range(rounds(2000, 7000)):
        points = [
            value for _ in range(17) for value in (rng.randrange(640), rng.randrange(480), rng.randrange(3))
        ]
        outline = [round(rng.uniform(0, 600), 2) for _ in range(120)]
        box = [round(rng.uniform(1, 300), 2) for _ in range(4)]
        more = {"area": round(rng.uniform(9, 9999), 4), "segmentation": [outline], "num_keypoints": 12}
        rows.append(entry(number // 7, id=number, bbox=box, keypoints=points, **more))
    coco(tmp_path, *rows, images=[image(n) for n in range(1000)])
    ratio = peak_over_size(read, tmp_path, FIXTURES / "coco")
    print(f"coco: peak {ratio:.2f} x {(tmp_path / 'annotations.json').stat().st_size:,} bytes")
    assert ratio < 3
