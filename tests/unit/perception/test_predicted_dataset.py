"""Predicted tracks of footage: what is kept, what is processed again, and how labels follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from oracle_models import OraclePose, moving_clip, numbered_image, oracle_pipeline, oracle_predictions

from raasid.footage import coco_format
from raasid.footage.records import Clip, Contact, Footage
from raasid.perception import predicted_dataset
from raasid.perception.predicted_dataset import predict_tracks
from raasid.perception.tracker import PerceptionPipeline

FRAMES = 6


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    """Three clips of six frames on disk, all of different pixels."""
    clips = []
    for number in range(3):
        clip = moving_clip(FRAMES, name=f"clip{number}")
        home = tmp_path / "media" / clip.id
        home.mkdir(parents=True)
        frames = []
        for frame in clip.frames:
            image = numbered_image(frame.index)
            image[-20:, -20:] = 60 * number
            cv2.imwrite(str(home / f"{frame.index}.png"), image)
            frames.append(replace(frame, image=home / f"{frame.index}.png"))
        facts = {"segment": "hand"}
        touch = Contact(3, person=1, side="left", segment="hand")
        clips.append(replace(clip, frames=tuple(frames), facts=facts, contact=touch, tags=("night",)))
    return Footage(clips, {"train": ["clip0", "clip1"], "test": ["clip2"]})


def make_pipeline(reversed_people: bool = False) -> PerceptionPipeline:
    balls, people = oracle_predictions(moving_clip(FRAMES))
    if reversed_people:
        people = [replace(p, boxes=p.boxes[::-1], keypoints=p.keypoints[::-1]) for p in people]
    return oracle_pipeline(balls, people)


def num_images(perception: PerceptionPipeline) -> int:
    assert isinstance(perception.pose.module, OraclePose)
    return perception.pose.module.num_images


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_labels_are_kept_and_tracks_are_predicted(footage: Footage, tmp_path: Path) -> None:
    predicted = predict_tracks(footage, make_pipeline(), tmp_path / "data")
    assert predicted.splits == footage.splits
    for own, other in zip(footage.clips, predicted.clips, strict=True):
        assert (other.id, other.facts, other.tags, other.match) == (own.id, own.facts, own.tags, own.match)
        assert [f.image for f in other.frames] == [f.image for f in own.frames]
        assert all(p.source and p.source.name == "pose@test" for f in other.frames for p in f.persons)
        assert "pose@test" in other.provenance.annotator
    assert predict_tracks(footage, make_pipeline(), tmp_path / "data", {"val": ["clip0"]}).splits == {
        "val": ["clip0"]
    }


def test_the_contact_names_the_predicted_track_of_the_touched_person(
    footage: Footage, tmp_path: Path
) -> None:
    predicted = predict_tracks(footage, make_pipeline(reversed_people=True), tmp_path / "data")
    touch = predicted.clips[0].contact
    assert touch is not None
    person = next(p for p in predicted.clips[0].frames[3].persons if p.track == touch.person)
    assert person.box == pytest.approx(footage.clips[0].frames[3].persons[1].box, abs=0.1)
    nowhere = replace(footage.clips[0], contact=Contact(3, person=9, side="left", segment="hand"))
    touch = (
        predict_tracks(Footage([nowhere]), make_pipeline(reversed_people=True), tmp_path / "data")
        .clips[0]
        .contact
    )
    assert touch is not None
    assert touch.person == -1


def test_no_clip_is_processed_twice(footage: Footage, tmp_path: Path) -> None:
    first, second = make_pipeline(), make_pipeline()
    one = predict_tracks(footage, first, tmp_path / "data")
    two = predict_tracks(footage, second, tmp_path / "data")
    assert (num_images(first), num_images(second)) == (3 * FRAMES, 0)
    assert one == two


def test_a_larger_footage_costs_its_new_clips_and_a_corrected_label_nothing(
    footage: Footage, tmp_path: Path
) -> None:
    predict_tracks(Footage(footage.clips[:2]), make_pipeline(), tmp_path / "data")
    again = make_pipeline()
    corrected = [replace(clip, facts={"segment": "chest"}) for clip in footage.clips]
    predicted = predict_tracks(Footage(corrected), again, tmp_path / "data")
    assert num_images(again) == FRAMES
    assert {clip.facts["segment"] for clip in predicted.clips} == {"chest"}


def test_other_weights_process_clips_again(footage: Footage, tmp_path: Path) -> None:
    predict_tracks(footage, make_pipeline(), tmp_path / "data")
    other = make_pipeline()
    other.pose = replace(other.pose, name="pose@other")
    predict_tracks(footage, other, tmp_path / "data")
    assert num_images(other) == 3 * FRAMES
    assert len(list((tmp_path / "data").glob("tracks-*"))) == 2


def test_changed_pixels_are_processed_again(footage: Footage, tmp_path: Path) -> None:
    predict_tracks(footage, make_pipeline(), tmp_path / "data")
    cv2.imwrite(str(footage.clips[1].frames[2].image), numbered_image(2) // 2 * 2)
    again = make_pipeline()
    predict_tracks(footage, again, tmp_path / "data")
    assert num_images(again) == FRAMES


@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_damaged_tracks_are_predicted_again(footage: Footage, tmp_path: Path, content: bytes | None) -> None:
    first = predict_tracks(footage, make_pipeline(), tmp_path / "data")
    stored = sorted((tmp_path / "data").glob("tracks-*/clips/*.json"))[0]
    whole = stored.read_bytes()
    stored.write_bytes(whole.replace(b'"player"', b'"keeper"') if content is None else content)
    again = make_pipeline()
    assert predict_tracks(footage, again, tmp_path / "data") == first
    assert num_images(again) == FRAMES
    assert stored.read_bytes() == whole


def test_a_killed_run_continues_and_leaves_the_same_bytes(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_tracks(footage, make_pipeline(), tmp_path / "whole")

    class Killed(BaseException):
        pass

    yielded = 0

    def killed_images(clip: Clip, unreadable: set[int]) -> Iterator[object]:
        nonlocal yielded
        for frame in clip.frames:
            yielded += 1
            if yielded == 2 * FRAMES - 2:
                raise Killed
            yield cv2.imread(str(frame.image))

    with monkeypatch.context() as patch:
        patch.setattr(predicted_dataset, "_images", killed_images)
        with pytest.raises(Killed):
            predict_tracks(footage, make_pipeline(), tmp_path / "killed")
    resumed = make_pipeline()
    predict_tracks(footage, resumed, tmp_path / "killed")
    assert num_images(resumed) == 2 * FRAMES
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_predicted_clips_can_be_read_as_a_dataset(footage: Footage, tmp_path: Path) -> None:
    predict_tracks(footage, make_pipeline(), tmp_path / "data")
    clips = sorted((tmp_path / "data").glob("tracks-*/clips/*.json"))
    assert len(clips) == 3
    (clip,) = coco_format.read(clips[0].parent, clips[0].name, media_inside=False)
    assert all(frame.image.is_file() for frame in clip.frames)
    assert not list((tmp_path / "data").rglob("*.png"))


def test_an_unreadable_frame_is_interpolated_and_reported(footage: Footage, tmp_path: Path) -> None:
    footage.clips[0].frames[2].image.write_bytes(b"no image")
    predicted = predict_tracks(footage, make_pipeline(), tmp_path / "data")
    assert "unreadable" in predicted.clips[0].frames[2].tags
    assert len(predicted.clips[0].frames[2].persons) == 3
    assert predicted.notes == ("1 frames cannot be read; what is in them was inferred",)
