"""The data in a run's lineage: digests of everything that was annotated, and of the pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from made_touches import touch

from raasid.footage.records import AnnotationSource, Clip, Event, Footage, Visibility
from raasid.laws.edition import Ruling
from raasid.training.lineage import data_facts

CLIP = touch()


def facts_of(
    *clips: Clip, split: str = "train", media: dict[Path, str] | None = None, footage: Footage | None = None
) -> dict[str, Any]:
    splits = SimpleNamespace(**{split: clips})
    data = SimpleNamespace(splits=splits, league=[], calibration=[], media=media or {}, footage=footage)
    return data_facts(cast("Any", data))


def digest(*clips: Clip, split: str = "train") -> str:
    return str(facts_of(*clips, split=split)["labels_sha256"])


def with_person(**changes: Any) -> Clip:
    first, *rest = CLIP.frames
    person, *others = first.persons
    return replace(CLIP, frames=(replace(first, persons=(replace(person, **changes), *others)), *rest))


def with_ball(**changes: Any) -> Clip:
    first, *rest = CLIP.frames
    return replace(CLIP, frames=(replace(first, balls=(replace(first.balls[0], **changes),)), *rest))


def with_frame(**changes: Any) -> Clip:
    first, *rest = CLIP.frames
    return replace(CLIP, frames=(replace(first, **changes), *rest))


KEYPOINTS = CLIP.frames[0].persons[0].keypoints
assert CLIP.contact is not None
RELABELLED = {
    "ball position": with_ball(x=1.5),
    "ball size": with_ball(w=99.0),
    "ball visibility": with_ball(visibility=Visibility.BLURRED),
    "absent ball": with_ball(visibility=Visibility.ABSENT),
    "ball annotation source": with_ball(source=AnnotationSource("model", 0.5)),
    "no ball": with_frame(balls=()),
    "keypoint": with_person(keypoints=((0.0, 0.0, 2), *KEYPOINTS[1:])),
    "keypoint visibility": with_person(keypoints=((*KEYPOINTS[0][:2], 1), *KEYPOINTS[1:])),
    "no keypoints": with_person(keypoints=()),
    "box": with_person(box=(0.0, 0.0, 5.0, 5.0)),
    "role": with_person(role="goalkeeper"),
    "team": with_person(team="away"),
    "track": with_person(track=77),
    "jersey": with_person(jersey="10"),
    "crowd": with_person(crowd=True),
    "area": with_person(area=123.0),
    "pitch position": with_person(pitch_xy_m=(1.0, 2.0)),
    "person annotation source": with_person(source=AnnotationSource("model", 0.5, reviewed=True)),
    "frame tags": with_frame(tags=("night",)),
    "frame index": with_frame(index=99),
    "contact side": replace(CLIP, contact=replace(CLIP.contact, side="right")),
    "no contact": replace(CLIP, contact=None),
    "facts": replace(CLIP, facts={**CLIP.facts, "deliberate": True}),
    "ruling": replace(CLIP, ruling=Ruling("offence", "1", "ifab_2025_26")),
    "events": replace(CLIP, events=(Event(3, "pass"),)),
    "clip tags": replace(CLIP, tags=("rain",)),
    "frame rate": replace(CLIP, frame_rate_hz=50.0),
    "match": replace(CLIP, provenance=replace(CLIP.provenance, match="other")),
    "reviewed": replace(CLIP, provenance=replace(CLIP.provenance, reviewed=True)),
}


@pytest.mark.parametrize("clip", RELABELLED.values(), ids=RELABELLED)
def test_every_changed_label_changes_the_digest(clip: Clip) -> None:
    assert digest(clip) != digest(CLIP)


def test_each_relabelling_has_a_digest_of_its_own() -> None:
    assert len({digest(clip) for clip in RELABELLED.values()}) == len(RELABELLED)


def test_a_clip_in_another_split_changes_the_digest() -> None:
    assert digest(CLIP, split="test") != digest(CLIP, split="train")


@pytest.mark.parametrize("move", [lambda path: Path("/elsewhere") / path, lambda path: Path(path.name)])
def test_the_same_footage_in_another_folder_has_the_same_digest(move: Callable[[Path], Path]) -> None:
    frames = tuple(replace(frame, image=move(frame.image)) for frame in CLIP.frames)
    assert digest(replace(CLIP, frames=frames)) == digest(CLIP)


def test_the_media_have_a_digest_that_knows_their_content_and_not_their_folder() -> None:
    frames = tuple(replace(frame, image=Path("/elsewhere") / frame.image) for frame in CLIP.frames)
    moved = replace(CLIP, frames=frames)
    here = {frame.image: f"{number}" for number, frame in enumerate(CLIP.frames)}
    there = {Path("/elsewhere") / path: sha256 for path, sha256 in here.items()}
    facts = facts_of(CLIP, media=here)
    assert facts_of(moved, media=there) == facts
    replaced = facts_of(CLIP, media={**here, CLIP.frames[0].image: "another"})
    assert replaced.pop("media_sha256") != facts.pop("media_sha256")
    assert replaced == facts


def test_where_no_pixels_are_read_there_is_no_digest_of_them() -> None:
    assert "media_sha256" not in facts_of(CLIP)


def test_a_stored_version_is_named_with_its_digest() -> None:
    stored = Footage([CLIP], dataset={"dataset": "cup@0123", "dataset_sha256": "0123"})
    facts = facts_of(CLIP, footage=stored)
    assert (facts["dataset"], facts["dataset_sha256"]) == ("cup@0123", "0123")


def test_facts_in_another_order_have_the_same_digest() -> None:
    assert digest(replace(CLIP, facts=dict(reversed(CLIP.facts.items())))) == digest(CLIP)
