from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from truthful_nets import TruthfulPose, answers_of, clip_of, perception_of, picture

from raasid.footage import coco_format
from raasid.footage.records import Clip, Contact, Footage
from raasid.perception import predicted_dataset
from raasid.perception.predicted_dataset import perceived
from raasid.perception.tracker import Perception

FRAMES = 6


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    """Three clips of six frames on disk, no two of the same pixels."""
    clips = []
    for number in range(3):
        clip = clip_of(FRAMES, name=f"clip{number}")
        home = tmp_path / "media" / clip.id
        home.mkdir(parents=True)
        frames = []
        for frame in clip.frames:
            image = picture(frame.index)
            image[-20:, -20:] = 60 * number
            cv2.imwrite(str(home / f"{frame.index}.png"), image)
            frames.append(replace(frame, image=home / f"{frame.index}.png"))
        facts = {"segment": "hand"}
        touch = Contact(3, person=1, side="left", segment="hand")
        clips.append(replace(clip, frames=tuple(frames), facts=facts, contact=touch, tags=("night",)))
    return Footage(clips, {"train": ["clip0", "clip1"], "test": ["clip2"]})


def eyes(backwards: bool = False) -> Perception:
    balls, people = answers_of(clip_of(FRAMES))
    if backwards:
        people = [replace(p, boxes=p.boxes[::-1], keypoints=p.keypoints[::-1]) for p in people]
    return perception_of(balls, people)


def looks(perception: Perception) -> int:
    assert isinstance(perception.pose.module, TruthfulPose)
    return perception.pose.module.looked


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_labels_stay_and_tracks_are_those_that_were_seen(footage: Footage, tmp_path: Path) -> None:
    seen = perceived(footage, eyes(), tmp_path / "data")
    assert seen.splits == footage.splits
    for own, other in zip(footage.clips, seen.clips, strict=True):
        assert (other.id, other.facts, other.tags, other.match) == (own.id, own.facts, own.tags, own.match)
        assert [f.image for f in other.frames] == [f.image for f in own.frames]
        assert all(p.mark and p.mark.source == "pose@test" for f in other.frames for p in f.persons)
        assert "pose@test" in other.provenance.annotator
    assert perceived(footage, eyes(), tmp_path / "data", {"val": ["clip0"]}).splits == {"val": ["clip0"]}


def test_the_touched_person_is_told_by_the_number_that_he_was_given(footage: Footage, tmp_path: Path) -> None:
    seen = perceived(footage, eyes(backwards=True), tmp_path / "data")
    touch = seen.clips[0].contact
    assert touch is not None
    person = next(p for p in seen.clips[0].frames[3].persons if p.track == touch.person)
    assert person.box == pytest.approx(footage.clips[0].frames[3].persons[1].box, abs=0.1)
    nowhere = replace(footage.clips[0], contact=Contact(3, person=9, side="left", segment="hand"))
    touch = perceived(Footage([nowhere]), eyes(backwards=True), tmp_path / "data").clips[0].contact
    assert touch is not None
    assert touch.person == -1


def test_nobody_looks_twice(footage: Footage, tmp_path: Path) -> None:
    first, second = eyes(), eyes()
    one = perceived(footage, first, tmp_path / "data")
    two = perceived(footage, second, tmp_path / "data")
    assert (looks(first), looks(second)) == (3 * FRAMES, 0)
    assert one == two


def test_a_larger_footage_costs_its_new_clips_and_a_corrected_label_nothing(
    footage: Footage, tmp_path: Path
) -> None:
    perceived(Footage(footage.clips[:2]), eyes(), tmp_path / "data")
    again = eyes()
    corrected = [replace(clip, facts={"segment": "chest"}) for clip in footage.clips]
    seen = perceived(Footage(corrected), again, tmp_path / "data")
    assert looks(again) == FRAMES
    assert {clip.facts["segment"] for clip in seen.clips} == {"chest"}


def test_other_weights_look_again(footage: Footage, tmp_path: Path) -> None:
    perceived(footage, eyes(), tmp_path / "data")
    other = eyes()
    other.pose = replace(other.pose, name="pose@other")
    perceived(footage, other, tmp_path / "data")
    assert looks(other) == 3 * FRAMES
    assert len(list((tmp_path / "data").glob("tracks-*"))) == 2


def test_changed_pixels_are_looked_at_again(footage: Footage, tmp_path: Path) -> None:
    perceived(footage, eyes(), tmp_path / "data")
    cv2.imwrite(str(footage.clips[1].frames[2].image), picture(2) // 2 * 2)
    again = eyes()
    perceived(footage, again, tmp_path / "data")
    assert looks(again) == FRAMES


def test_a_run_that_is_killed_in_the_middle_goes_on_and_leaves_the_same_bytes(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    perceived(footage, eyes(), tmp_path / "whole")

    class Killed(BaseException):
        pass

    given = 0

    def torn(clip: Clip, unreadable: set[int]) -> Iterator[object]:
        nonlocal given
        for frame in clip.frames:
            given += 1
            if given == 2 * FRAMES - 2:
                raise Killed
            yield cv2.imread(str(frame.image))

    with monkeypatch.context() as patch:
        patch.setattr(predicted_dataset, "_images", torn)
        with pytest.raises(Killed):
            perceived(footage, eyes(), tmp_path / "torn")
    resumed = eyes()
    perceived(footage, resumed, tmp_path / "torn")
    assert looks(resumed) == 2 * FRAMES
    assert files(tmp_path / "torn") == files(tmp_path / "whole")


def test_what_was_seen_can_be_read_as_a_dataset_of_its_own(footage: Footage, tmp_path: Path) -> None:
    perceived(footage, eyes(), tmp_path / "data")
    clips = sorted((tmp_path / "data").glob("tracks-*/clips/*.json"))
    assert len(clips) == 3
    (clip,) = coco_format.read(clips[0].parent, clips[0].name)
    assert all(frame.image.is_file() for frame in clip.frames)
    assert not list((tmp_path / "data").rglob("*.png"))


def test_a_frame_that_cannot_be_read_is_inferred_and_told(footage: Footage, tmp_path: Path) -> None:
    footage.clips[0].frames[2].image.write_bytes(b"no picture")
    seen = perceived(footage, eyes(), tmp_path / "data")
    assert "unreadable" in seen.clips[0].frames[2].tags
    assert len(seen.clips[0].frames[2].persons) == 3
    assert seen.notes == ("1 frames cannot be read; what is in them was inferred",)
