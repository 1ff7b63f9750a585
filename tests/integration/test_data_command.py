from __future__ import annotations

from pathlib import Path

import pytest
from filmed_matches import film, footage
from in_process import call_raasid

from raasid.footage.records import Footage
from raasid.footage.store import DatasetStore
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data_command")
    clips = generate(League(matches=2, clips_per_match=1, frames_per_clip=2, size=(160, 96)), root, 1)
    store = DatasetStore(root / "store")
    first = store.add("league", Footage(clips), made_by="a test")
    store.add("league", Footage(clips[:1]), made_by="a test", parents=[first.digest])
    return store.root


def test_versions_are_listed_the_newest_last(store: Path) -> None:
    done = call_raasid("data", "--store", store, "ls")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0][:3] == ["version", "clips", "frames"]
    assert [row[1:3] for row in rows[1:]] == [["2", "4"], ["1", "2"]]


def test_a_version_is_shown_with_its_parent_and_verified(store: Path) -> None:
    done = call_raasid("data", "--store", store, "show", "league", "--verify")
    first = DatasetStore(store).versions()[0]
    assert f"parent    {first.ref}" in done.stdout
    assert "verified" in done.stdout
    assert done.returncode == 0


def test_damage_is_status_2_and_named(tmp_path: Path) -> None:
    clips = generate(League(matches=1, clips_per_match=1, frames_per_clip=1, size=(160, 96)), tmp_path, 1)
    version = DatasetStore(tmp_path / "store").add("league", Footage(clips), made_by="t")
    version.clips()[0].frames[0].image.unlink()
    done = call_raasid("data", "--store", tmp_path / "store", "show", "league", "--verify")
    assert done.returncode == 2
    assert "media/000_000.jpg: missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_difference_is_reported(store: Path) -> None:
    first, second = DatasetStore(store).versions()
    done = call_raasid("data", "--store", store, "diff", first.ref, second.ref)
    assert done.stdout.splitlines()[-1] == "removed 1"


def test_an_export_can_be_trained_on(store: Path, tmp_path: Path) -> None:
    done = call_raasid("data", "--store", store, "export", "league", "yolo_detect", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/data.yaml").is_file()


def test_invalid_arguments_are_status_2(store: Path, tmp_path: Path) -> None:
    for words in (["lst"], ["show"], ["show", "leauge"], ["export", "league", "docx", "out"]):
        done = call_raasid("data", "--store", store, *words)
        assert done.returncode == 2, words
        assert "Traceback" not in done.stderr


def test_versions_are_joined_by_name_tag_and_split(tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    day, night, both = (film(tmp_path / "films", *names) for names in (("d", "day"), ("n", "night"), ("b",)))
    first = store.add("day", footage(train=day, test=both), made_by="a test")
    second = store.add("night", footage(val=night, test=both), made_by="a test")

    done = call_raasid("data", "--store", store.root, "join", "all", "day", second.ref)
    assert done.returncode == 0, done.stderr
    joined = store.find("all")
    assert done.stdout.splitlines() == [
        f"{joined.ref}: 6 clips, test 2, train 2, val 2",
        f"next: raasid validate data=store data.dataset={joined.ref}",
    ]
    assert joined.manifest["parents"] == [first.digest, second.digest]

    done = call_raasid("data", "--store", store.root, "join", "dark", "all", "--tag=night", "--split=val")
    assert done.returncode == 0, done.stderr
    assert {clip.match for clip in store.find("dark").clips()} == {"n"}

    store.add("final", footage(train=both), made_by="a test")
    for words, reason in (
        (("all", "final"), "match 'b' is in test of all@"),
        (("all", "--tag", "snow"), "no clip to store"),
        (("all", "gone"), "'gone' in the store"),
    ):
        done = call_raasid("data", "--store", store.root, "join", "more", *words)
        assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
