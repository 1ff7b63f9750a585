from __future__ import annotations

from pathlib import Path

import pytest
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
