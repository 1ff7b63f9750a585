"""Several sources of footage as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from filmed_matches import film, footage, without_ball

from raasid.footage.join import ClipsDiffer, MatchInTwoSplits, join_footage, select_clips
from raasid.footage.records import Footage
from raasid.footage.store import DatasetStore


def test_a_clip_that_two_sources_hold_is_kept_once_wherever_its_files_lie(tmp_path: Path) -> None:
    day = film(tmp_path / "a", "day", "sun")
    again = film(tmp_path / "b", "day", "sun")
    night = film(tmp_path / "b", "night")
    joined = join_footage({"a": footage(train=day), "b": footage(train=again, test=night)})
    assert joined.clips == [*day, *night]
    assert joined.splits == {"train": ["day-0", "day-1"], "test": ["night-0", "night-1"]}


def test_stored_versions_are_joined_without_reading_their_media_again(tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    parts = [
        store.add("x", footage(train=film(tmp_path / name, name)), made_by="a test")
        for name in ("day", "night")
    ]
    joined = join_footage({part.ref: part.footage() for part in parts})
    version = store.add("both", joined, made_by="a test", link_media=True)
    media = [*version.folder.rglob("*.png")]
    assert len(media) == 4
    assert all(path.stat().st_nlink > 2 for path in media), "linked, not copied"
    version.verify()


@pytest.mark.parametrize(("change", "named"), [("labels", "balls"), ("images", "media")])
def test_one_id_for_two_clips_is_refused(change: str, named: str, tmp_path: Path) -> None:
    first = film(tmp_path / "a", "day", clips=1)
    other = film(tmp_path / "b", "day", clips=1, shade=9 if change == "images" else 0)
    if change == "labels":
        other = [*map(without_ball, other)]
    sources = {"first": footage(train=first), "second": footage(train=other)}
    with pytest.raises(ClipsDiffer, match=f"clip 'day-0' of first is not that of second: .*{named}"):
        join_footage(sources)
    if change == "labels":
        assert join_footage(sources, first_labels_win=True).clips == first
    else:
        with pytest.raises(ClipsDiffer):
            join_footage(sources, first_labels_win=True)


def test_a_match_to_train_on_and_to_test_on_is_refused_and_named(tmp_path: Path) -> None:
    one, two = film(tmp_path, "final")
    with pytest.raises(MatchInTwoSplits, match="'final' is in train of cup and in test of league: "):
        join_footage({"cup": footage(train=[one]), "league": footage(test=[two])})


def test_a_source_without_splits_is_split_by_match_where_others_declare_theirs(tmp_path: Path) -> None:
    declared = footage(train=film(tmp_path, "day"), test=film(tmp_path, "dusk"))
    plain = Footage([clip for number in range(6) for clip in film(tmp_path, f"night {number}")])
    joined = join_footage({"a": declared, "b": plain})
    assert {split: len(ids) for split, ids in joined.splits.items()} == {"train": 10, "val": 2, "test": 4}
    assert join_footage({"b": plain}).splits == {}


def test_clips_are_selected_by_tag_and_by_split(tmp_path: Path) -> None:
    night, snow, day = (film(tmp_path, name, name) for name in ("night", "snow", "day"))
    whole = replace(footage(train=[*night, *day], test=snow), dataset={"dataset": "whole@1"})
    found = select_clips(whole, tags=["night", "snow"])
    assert found.clips == [*night, *snow]
    assert found.splits == {"train": ["night-0", "night-1"], "test": ["snow-0", "snow-1"]}
    assert not found.dataset, "it is not that version any more"
    assert select_clips(whole, splits=["test"]).clips == snow


def test_names_stay_short_however_often_footage_is_joined(tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    joined = store.add("joined", footage(train=film(tmp_path, "0", clips=1)), made_by="a test")
    for number in range(1, 20):
        new = store.add("new", footage(train=film(tmp_path, f"{number}", clips=1)), made_by="a test")
        both = join_footage({"a": joined.footage(), "b": new.footage()})
        joined = store.add("joined", both, made_by="a test", link_media=True)
    names = [*joined.manifest["files"]]
    assert len(names) == 20 + 1
    assert max(map(len, names)) <= 400
    joined.verify()
