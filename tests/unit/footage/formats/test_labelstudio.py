"""Label Studio: per cent, frames from 1, upload names, choice of annotation, owner of a keypoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from label_files import FIXTURES, reasons, write_image, written

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.label_names import parse_ruling
from raasid.footage.formats.labelstudio import read
from raasid.footage.formats.labelstudio_tasks import task_media
from raasid.footage.formats.parsing.json_reader import JsonUnreadable
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import AnnotationSource, Ball, Frame
from raasid.laws.edition import Ruling

SIZE = {"original_width": 200, "original_height": 100}


def rectangle(
    name: str = "ball", x: Any = 10, y: Any = 20, w: Any = 5, h: Any = 10, **more: Any
) -> dict[str, Any]:
    value = {"x": x, "y": y, "width": w, "height": h, "rotation": 0, "rectanglelabels": [name]}
    return {"id": name, "type": "rectanglelabels", **SIZE, "value": {**value, **more}}


def keypoint(name: str, x: float, y: float, parent: str | None = None) -> dict[str, Any]:
    given = {"type": "keypointlabels", **SIZE, "value": {"x": x, "y": y, "keypointlabels": [name]}}
    return {**given, "parentID": parent} if parent else given


def choices(*chosen: str) -> dict[str, Any]:
    return {"type": "choices", "value": {"choices": list(chosen)}}


def track(*keys: tuple[int, float, bool], name: str = "ball", count: Any = 50) -> dict[str, Any]:
    sequence = [{"frame": f, "x": x, "y": 0, "width": 2, "height": 4, "enabled": on} for f, x, on in keys]
    value = {"framesCount": count, "duration": 2.0, "labels": [name], "sequence": sequence}
    return {"type": "videorectangle", **SIZE, "value": value}


def task(*results: Any, data: Any = None, **more: Any) -> dict[str, Any]:
    annotations = [{"id": 1, "result": list(results)}]
    return {"id": 1, "data": data or {"image": "/data/upload/a.jpg"}, "annotations": annotations, **more}


def export(folder: Path, *tasks: Any) -> Path:
    written(folder / "export.json", list(tasks))
    return folder


def frame(root: Path) -> Frame:
    return read(root).clips[0].frames[0]


def centres(root: Path, **options: Any) -> dict[int, float]:
    (clip,) = read(root, **options).clips
    return {each.index: each.balls[0].x for each in clip.frames}


def test_the_sample_loads(shared: Path) -> None:
    footage = read(shared / "data/formats/labelstudio")
    clip, image_clip = footage.clips
    assert reasons(footage) == []
    assert (image_clip.id, image_clip.ruling) == ("frame_000001", Ruling("offence"))
    (ball,) = image_clip.frames[0].balls
    assert (round(ball.x, 3), round(ball.w, 3)) == (926.976, 39.936)
    assert image_clip.frames[0].persons[0].keypoints[KEYPOINTS.index("left_wrist")] == (910.08, 399.6, 2)
    assert [each.index for each in clip.frames] == [0, 1, 2, 3, 4]
    assert clip.frame_rate_hz == 25


def test_a_video_of_unknown_size_keeps_per_cent_coordinates_with_a_note(shared: Path) -> None:
    root = shared / "data/formats/labelstudio"
    footage = read(root)
    clip = footage.clips[0]
    assert (clip.frames[0].width, clip.frames[0].height, clip.tags) == (100, 100, ("size_unknown",))
    assert round(clip.frames[0].balls[0].x, 6) == 48.25
    assert any("clip.mp4: their places are in per cent" in note for note in footage.notes)
    clip = read(root, video_size=(1000, 500)).clips[0]
    assert (round(clip.frames[0].balls[0].x, 6), clip.tags) == (482.5, ())


def test_per_cent_coordinates_become_pixels_of_the_stated_size(tmp_path: Path) -> None:
    assert frame(export(tmp_path, task(rectangle()))).balls == (Ball(25, 25, 10, 10),)


def test_per_cent_coordinates_become_pixels_of_an_existing_image(tmp_path: Path) -> None:
    write_image(tmp_path / "a.jpg", 400, 100)
    found = frame(export(tmp_path, task(rectangle())))
    assert (found.width, found.balls[0].x) == (400, 50)


def test_a_rotated_rectangle_becomes_its_axis_aligned_bounding_box(tmp_path: Path) -> None:
    (person,) = frame(export(tmp_path, task(rectangle("player", 50, 0, 10, 50, rotation=90)))).persons
    assert [round(edge, 6) for edge in person.box] == [50, 0, 50, 20]


@pytest.mark.parametrize("name", ["0a1b2c3d-a.jpg", "a.jpg", "images/a.jpg", "images/0a1b2c3d-a.jpg"])
def test_an_upload_is_found_with_and_without_its_name_prefix(name: str, tmp_path: Path) -> None:
    path = write_image(tmp_path / name)
    root = export(tmp_path, task(rectangle(), data={"image": "/data/upload/3/0a1b2c3d-a.jpg"}))
    assert frame(root).image == path


@pytest.mark.parametrize(
    ("data", "names", "video"),
    [
        ({"image": "/data/local-files/?d=set/b%20c.png"}, ("b c.png", "set/b c.png"), False),
        ({"img": "s3://bucket/x/y.jpg?v=2", "note": "z.txt"}, ("y.jpg", "x/y.jpg"), False),
        ({"video": "/data/upload/v.mp4"}, ("v.mp4", "data/upload/v.mp4"), True),
        ({"image": "deadbeef-1.jpg"}, ("deadbeef-1.jpg", "1.jpg"), False),
    ],
)
def test_every_notation_of_the_file_of_a_task_is_understood(data: Any, names: Any, video: bool) -> None:
    media = task_media(data)
    assert (media.names, media.video) == (names, video)


def test_keypoints_belong_to_their_parent_or_the_enclosing_box_or_a_new_person(
    tmp_path: Path,
) -> None:
    big, small = rectangle("player", 0, 0, 60, 100), rectangle("referee", 10, 10, 20, 50)
    results = (
        big,
        small,
        keypoint("nose", 15, 20),
        keypoint("Left Wrist", 15, 30, parent="player"),
        keypoint("nose", 90, 90, parent="nowhere"),
        keypoint("tail", 1, 1),
    )
    footage = read(export(tmp_path, task(*results)))
    player, referee, alone = footage.clips[0].frames[0].persons
    assert player.keypoints[9] == (30, 30, 2)
    assert referee.keypoints[0] == (30, 20, 2)
    assert (alone.keypoints[0], alone.box) == ((180, 90, 2), (180, 90, 1, 1))
    assert footage.notes[-1].endswith("not used: keypoint tail (1)")


def test_a_point_labelled_ball_is_a_ball_without_a_box(tmp_path: Path) -> None:
    assert frame(export(tmp_path, task(keypoint("ball", 50, 50)))).balls == (Ball(100, 50, 0, 0),)


def test_the_ground_truth_counts_or_else_the_newest_uncancelled_annotation(tmp_path: Path) -> None:
    def annotation(x: float, **more: Any) -> dict[str, Any]:
        return {"id": 1, "result": [rectangle(x=x)], **more}

    old = annotation(10, updated_at="2026-01-01T00:00:00Z")
    new = annotation(20, updated_at="2026-02-01T00:00:00Z", completed_by=7)
    gone = annotation(30, updated_at="2026-03-01T00:00:00Z", was_cancelled=True)
    truth = annotation(40, updated_at="2025-01-01T00:00:00Z", ground_truth=True)
    root = export(tmp_path, task(annotations=[old, new, gone]))
    assert frame(root).balls[0].x == 45
    assert read(root).clips[0].provenance.annotator == "labelstudio:7"
    assert frame(export(tmp_path, task(annotations=[truth, new, gone]))).balls[0].x == 85


def test_predictions_count_only_without_annotations_and_are_marked(tmp_path: Path) -> None:
    predicted = [{"model_version": "yolo/2", "score": 0.75, "result": [rectangle(), rectangle("player")]}]
    found = frame(export(tmp_path, task(annotations=[], predictions=predicted)))
    assert (
        found.balls[0].source == found.persons[0].source == AnnotationSource("yolo/2", 0.75, reviewed=False)
    )
    assert frame(export(tmp_path, task(predictions=predicted))).balls == ()


def test_tasks_without_annotations_are_counted(tmp_path: Path) -> None:
    unannotated = task(data={"image": "b.jpg"}, annotations=[{"was_cancelled": True, "result": []}])
    footage = read(export(tmp_path, task(rectangle()), unannotated))
    assert len(footage.clips) == 1
    assert "1 tasks are not annotated and not used" in footage.notes


def test_choices_become_the_ruling_and_tags(tmp_path: Path) -> None:
    (clip,) = read(export(tmp_path, task(choices("No Offence", "At night"), choices("Play on")))).clips
    assert (clip.ruling, clip.tags) == (Ruling("no_offence", "play_on"), ("at_night",))
    footage = read(export(tmp_path, task(choices("offence", "no offence"))))
    assert footage.clips[0].ruling is None
    assert reasons(footage)[0][2].startswith("choices contradict each other: ['offence', 'no_offence']")


def test_cards_and_restarts_are_a_ruling_only_with_a_verdict() -> None:
    assert parse_ruling(["penalty", "yellow_card"]) == (None, ("penalty", "yellow_card"))
    assert parse_ruling(["offence", "penalty", "yellow_card"])[0] == Ruling("offence", "penalty", "yellow")


def test_video_frames_counted_from_one_in_the_file_are_counted_from_zero(tmp_path: Path) -> None:
    root = export(tmp_path, task(track((1, 0, True), (5, 4, False)), data={"video": "v.mp4"}))
    assert centres(root) == {0: 2, 1: 4, 2: 6, 3: 8, 4: 10}
    assert read(root).clips[0].frames[0].image == tmp_path / "v.mp4"


def test_a_disabled_keyframe_is_the_last_of_its_span(tmp_path: Path) -> None:
    keys = (1, 0, True), (2, 0, False), (5, 0, True), (7, 0, False)
    assert sorted(centres(export(tmp_path, task(track(*keys), data={"video": "v.mp4"})))) == [0, 1, 4, 5, 6]


def test_a_region_that_stays_enabled_lasts_to_the_end_of_the_video(tmp_path: Path) -> None:
    root = export(tmp_path, task(track((48, 0, True)), data={"video": "v.mp4"}))
    assert sorted(centres(root)) == [47, 48, 49]


def test_the_frame_rate_is_that_of_the_video_or_frames_over_duration(tmp_path: Path) -> None:
    root = export(tmp_path, task(track((1, 0, True), (2, 0, False), count=100), data={"video": "v.avi"}))
    assert read(root).clips[0].frame_rate_hz == 50
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48))
    writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    (clip,) = read(root).clips
    assert (clip.frame_rate_hz, clip.frames[0].width, len(clip.frames)) == (30, 64, 1)


def test_an_impossible_number_of_frames_allocates_nothing(tmp_path: Path) -> None:
    root = export(tmp_path, task(track((1, 0, True), count=9_000_000), data={"video": "v.mp4"}))
    footage = read(root, frame_rate_hz=30)
    assert len(footage.clips[0].frames) == 1
    assert reasons(footage)[0][2] == "gap too long to fill: 9000000 frames after frame 0"
    footage = read(
        export(tmp_path, task(rectangle()), task(track((1, 0, True), count=1e12), data={"video": "v.mp4"}))
    )
    assert reasons(footage)[0][2].startswith("framesCount outside")


BAD = {
    "no number": (rectangle(x="10%"), "x is no number: '10%'"),
    "infinite": (rectangle(w=1e308), "width outside"),
    "no size": (rectangle(h=0), "box without size: 10 x 0"),
    "no label": ({**rectangle(), "value": {"x": 1}}, "rectanglelabels is no list: None"),
    "no labels": ({**rectangle(), "value": {"rectanglelabels": [], "labels": []}}, "region without a label"),
    "no value": ({"type": "keypointlabels", "value": None}, "value is no object: None"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_an_invalid_region_is_left_out_and_the_others_are_kept(bad: Any, reason: str, tmp_path: Path) -> None:
    footage = read(export(tmp_path, task(rectangle(), bad)))
    ((path, line, message),) = reasons(footage)
    assert (path, line) == ("export.json", 1)
    assert message.startswith(reason)
    assert len(footage.clips[0].frames[0].balls) == 1


def test_invalid_tasks_are_left_out_with_their_line(tmp_path: Path) -> None:
    good = '{"data": {"image": "a.jpg"}, "annotations": [{"result": []}]}'
    written(tmp_path / "e.json", f'[{good},\n3,\n{{"data": {{}}}},\n{{"data": {{"image": "/"}}}}]')
    footage = read(tmp_path)
    assert [line for _, line, _ in reasons(footage)] == [2, 3, 4]
    assert [clip.id for clip in footage.clips] == ["a"]


def test_tasks_before_a_syntax_error_are_read_and_the_error_has_its_line(tmp_path: Path) -> None:
    written(tmp_path / "e.json", '[{"data": {"image": "a.jpg"}, "annotations": [{"result": []}]},\n{"data"')
    footage = read(tmp_path)
    assert len(footage.clips) == 1
    assert [(path, line) for path, line, _ in reasons(footage)] == [("e.json", 2)]


def test_a_root_without_usable_data_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")
    with pytest.raises(NoUsableSamples, match="expected JSON files"):
        read(tmp_path)
    written(tmp_path / "e.json", {"images": [], "annotations": []})
    with pytest.raises(NoUsableSamples):
        read(tmp_path)
    written(tmp_path / "e.json", "[" * 5000)
    with pytest.raises(JsonUnreadable):
        read(tmp_path)


def test_the_fixture_is_read_completely() -> None:
    assert reasons(read(FIXTURES / "labelstudio")) == []
