from __future__ import annotations

import contextlib
import gc
import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from soak import rounds

from raasid.footage.coco_format import FILE_NAME, AnnotationsUnreadable, read, write
from raasid.footage.records import (
    AnnotationSource,
    Ball,
    Clip,
    Contact,
    Event,
    Frame,
    Person,
    Provenance,
    Visibility,
)
from raasid.laws.edition import Ruling
from raasid.laws.facts import Segment

number = st.floats(-1e4, 1e4)
text = st.text(max_size=8)
marks = st.none() | st.builds(AnnotationSource, text, st.floats(0, 1), st.booleans())
balls = st.builds(Ball, number, number, number, number, st.sampled_from(Visibility), marks)
keypoints = st.lists(st.tuples(number, number, st.integers(0, 2)), min_size=17, max_size=17).map(tuple)
persons = st.builds(
    Person,
    track=st.integers(0, 99),
    role=st.sampled_from(["player", "goalkeeper", "referee", "other"]),
    box=st.tuples(number, number, number, number),
    team=st.none() | text,
    keypoints=st.just(()) | keypoints,
    area=st.none() | st.floats(0, 1e4),
    jersey=st.none() | text,
    pitch_xy_m=st.none() | st.tuples(number, number),
    crowd=st.booleans(),
    source=marks,
)
tags = st.lists(text, max_size=2).map(tuple)
names = st.from_regex(r"[a-z]{1,4}/[a-z0-9]{1,4}\.jpg", fullmatch=True)


def frames(folder: Path) -> st.SearchStrategy[Frame]:
    return st.builds(
        Frame,
        index=st.integers(0, 1000),
        image=names.map(lambda name: folder / name),
        width=st.integers(1, 4000),
        height=st.integers(1, 4000),
        balls=st.lists(balls, max_size=3).map(tuple),
        persons=st.lists(persons, max_size=2).map(tuple),
        tags=tags,
        in_video=st.booleans(),
    )


def clips(folder: Path) -> st.SearchStrategy[Clip]:
    side = st.sampled_from(["left", "right", "none"])
    segments = st.sampled_from(get_args(Segment))
    provenance = st.builds(
        Provenance,
        source=text,
        license=text,
        annotator=text,
        reviewed=st.booleans(),
        law_edition=st.none() | text,
        match=text,
        season=st.none() | text,
        competition=st.none() | text,
        camera=st.none() | text,
        replay_speed=st.floats(0.1, 2),
    )
    return st.builds(
        Clip,
        id=text,
        frames=st.lists(frames(folder), max_size=3).map(tuple),
        provenance=provenance,
        frame_rate_hz=st.floats(1, 100),
        contact=st.none() | st.builds(Contact, st.integers(0, 9), st.integers(0, 9), side, segments),
        facts=st.dictionaries(text, st.booleans() | st.integers(-9, 9) | number | text, max_size=2),
        tags=tags,
        events=st.lists(st.builds(Event, st.integers(0, 99), text, st.none() | text, tags), max_size=2).map(
            tuple
        ),
        ruling=st.none() | st.builds(Ruling, st.sampled_from(["offence", "no_offence", None]), clause=text),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=rounds(25, 300))
@pytest.mark.soak
@given(data=st.data())
def test_written_footage_is_read_back_bit_for_bit(tmp_path: Path, data: st.DataObject) -> None:
    written = data.draw(st.lists(clips(tmp_path), max_size=2))
    write(written, tmp_path)
    assert read(tmp_path) == written


def a_clip(folder: Path, *shown: Ball) -> Clip:
    person = Person(3, "player", (1.0, 2.0, 10.0, 20.0), "home", tuple((float(i), 1.0, 2) for i in range(17)))
    frame = Frame(0, folder / "images" / "a.jpg", 64, 48, shown, (person,))
    return Clip("c", (frame,), Provenance("synthetic"))


def test_the_file_is_coco_with_boxes_from_the_top_left(tmp_path: Path) -> None:
    path = write([a_clip(tmp_path, Ball(10, 20, 4, 6))], tmp_path)
    data = json.loads(path.read_text())
    assert data["images"][0]["file_name"] == "images/a.jpg"
    ball, person = data["annotations"]
    assert ball["bbox"] == [8, 17, 4, 6]
    assert person["num_keypoints"] == 17
    assert len(person["keypoints"]) == 51
    assert {category["name"]: category["id"] for category in data["categories"]} == {"person": 1, "ball": 2}
    for entry in data["annotations"]:
        assert entry["area"] > 0
        assert entry["image_id"] == data["images"][0]["id"]
    assert len({entry["id"] for entry in data["annotations"]}) == 2


def test_an_absent_ball_is_not_exported_as_ground_truth(tmp_path: Path) -> None:
    absent, hidden = Ball(0, 0, 0, 0, Visibility.ABSENT), Ball(9, 9, 4, 4, Visibility.HIDDEN)
    clip = a_clip(tmp_path, absent, hidden)
    data = json.loads(write([clip], tmp_path).read_text())
    shown = [entry for entry in data["annotations"] if entry["category_id"] == 2]
    assert [entry["ignore"] for entry in shown] == [1]
    assert read(tmp_path) == [clip]


def test_a_moved_folder_is_read_at_its_new_location(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write([a_clip(here)], here)
    here.rename(there)
    assert read(there)[0].frames[0].image == there / "images" / "a.jpg"


def test_an_image_outside_the_folder_is_rejected_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    with pytest.raises(AnnotationsUnreadable, match="lies outside"):
        write([a_clip(tmp_path / "other")], folder)
    assert not folder.exists()


def test_a_value_that_is_not_a_finite_number_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AnnotationsUnreadable, match="cannot be written"):
        write([a_clip(tmp_path, Ball(float("nan"), 0, 1, 1))], tmp_path)


def test_writing_again_replaces_the_file_and_leaves_no_other(tmp_path: Path) -> None:
    write([a_clip(tmp_path)], tmp_path)
    write([], tmp_path)
    assert read(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["annotations.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("{", "is not what"),
        ("{}", "lacks 'info'"),
        ('{"info": {"raasid": {"format": 9}}}', "format 9"),
        ("[]", "only files that"),
        (b"\xff\xfe", "is not what"),
    ],
)
def test_an_invalid_file_is_named_with_the_reason(
    tmp_path: Path, content: str | bytes | None, reason: str
) -> None:
    path = tmp_path / "annotations.json"
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(AnnotationsUnreadable, match=reason) as failure:
        read(tmp_path)
    assert str(path) in str(failure.value)


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("on", [True, False])
def test_reading_restores_the_state_of_the_garbage_collector(
    tmp_path: Path, readable: bool, on: bool
) -> None:
    write([], tmp_path)
    if not readable:
        (tmp_path / FILE_NAME).write_text("{")
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with contextlib.nullcontext() if readable else pytest.raises(AnnotationsUnreadable):
            read(tmp_path)
        assert gc.isenabled() == on
    finally:
        (gc.enable if before else gc.disable)()
