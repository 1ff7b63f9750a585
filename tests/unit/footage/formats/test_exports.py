from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from pycocotools.coco import COCO

from raasid.footage.formats import EXPORT_FORMATS, exporter, yolo
from raasid.footage.formats.export_media import ExportRefused, NothingExported
from raasid.footage.records import Footage


def test_pycocotools_reads_the_coco_export(footage: Footage, tmp_path: Path) -> None:
    assert exporter("coco")(footage, tmp_path / "out") == 4
    coco = COCO(tmp_path / "out/annotations.json")
    assert len(coco.getImgIds()) == 4
    for image in coco.loadImgs(coco.getImgIds()):
        pixels = cv2.imread(str(tmp_path / "out" / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3) == (48, 64, 3)
    persons = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["person"])))
    assert [len(p["keypoints"]) for p in persons if "keypoints" in p] == [51, 51]
    assert persons[0]["bbox"] == [8.0, 4.0, 20.0, 30.0]
    assert persons[0]["num_keypoints"] == 12


def test_the_yolo_reader_reads_the_yolo_detect_export(footage: Footage, tmp_path: Path) -> None:
    assert exporter("yolo_detect")(footage, tmp_path / "out") == 4
    read = yolo.read(tmp_path / "out")
    assert len(read.quarantine) == 0
    assert [len(ids) for ids in read.splits.values()] == [2, 2]
    assert {clip.match for clip in read.clips} == {"scene-final", "scene-derby"}
    (first,) = next(clip for clip in read.clips if clip.id.endswith("final_1_000000")).frames
    assert first.ball is not None
    assert (first.ball.x, first.ball.w) == (pytest.approx(30), pytest.approx(6))
    assert [person.role for person in first.persons] == ["player", "referee"]
    assert first.persons[1].box == pytest.approx((50, 10, 14, 20))  # the part inside the image
    (second,) = next(clip for clip in read.clips if clip.id.endswith("final_1_000001")).frames
    assert second.balls == ()  # hidden: a detector is not expected to find it


def test_the_yolo_reader_reads_the_yolo_pose_export(footage: Footage, tmp_path: Path) -> None:
    exporter("yolo_pose")(footage, tmp_path / "out")
    read = yolo.read(tmp_path / "out", ball_class=None)
    assert len(read.quarantine) == 0
    frame = next(clip for clip in read.clips if "final" in clip.id).frames[0]
    for got, given in zip(
        frame.persons[0].keypoints, footage.clips[0].frames[0].persons[0].keypoints, strict=True
    ):
        assert got[2] == given[2]
        if given[2]:
            assert got[:2] == pytest.approx(given[:2], abs=1e-4)
    assert {point[2] for point in frame.persons[1].keypoints} == {0}


def test_exported_video_frames_are_the_right_ones(footage: Footage, tmp_path: Path) -> None:
    exporter("coco")(footage, tmp_path / "out")
    levels = [int(cv2.imread(str(tmp_path / f"out/images/v_{i:06d}.jpg")).mean()) for i in (1, 3)]
    assert levels == pytest.approx([40, 120], abs=3)


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_an_export_leaves_out_frames_without_pixels(footage: Footage, tmp_path: Path, name: str) -> None:
    footage.clips[0].frames[0].image.unlink()
    assert exporter(name)(footage, tmp_path / "out") == 3


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_an_export_needs_an_empty_folder_and_at_least_one_frame(
    footage: Footage, tmp_path: Path, name: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").touch()
    with pytest.raises(ExportRefused):
        exporter(name)(footage, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    gone = [
        replace(clip, frames=tuple(replace(f, image=tmp_path / "gone", in_video=False) for f in clip.frames))
        for clip in footage.clips
    ]
    with pytest.raises(NothingExported):
        exporter(name)(Footage(gone), tmp_path / "out")


@pytest.mark.parametrize("name", ["yolo_detect", "yolo_pose"])
def test_the_name_of_a_split_leads_to_no_folder_outside_the_export(
    footage: Footage, tmp_path: Path, name: str
) -> None:
    clips = [clip.id for clip in footage.clips]
    evil = {"../../../there": clips[:1], "/" + str(tmp_path / "there"): clips[1:]}
    (tmp_path / "home").mkdir()
    before = {path for path in tmp_path.rglob("*") if path.is_file()}

    assert exporter(name)(replace(footage, splits=evil), tmp_path / "home/out") == 4

    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path for path in written if not path.is_relative_to(tmp_path / "home/out")} == set()


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_clips_whose_plain_names_are_alike_overwrite_no_image(
    footage: Footage, tmp_path: Path, name: str
) -> None:
    ids = ("à/b", "é_B")
    clips = [replace(footage.clips[0], id=clip) for clip in ids]
    count = exporter(name)(Footage(clips), tmp_path / "out")
    stems = {path.stem.casefold() for path in (tmp_path / "out/images").rglob("*") if path.is_file()}
    assert len(stems) == count == 2 * len(footage.clips[0].frames)
