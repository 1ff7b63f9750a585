"""A stored version is copied to a local disk once, and read from there; nothing fails without that disk."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from small_disk import FullBefore, small_disk

from raasid.footage.records import Ball, Clip, Footage, Frame, Provenance
from raasid.footage.scratch import stage
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion, VersionDamaged
from raasid.io.object_store import ObjectStore

FORK = multiprocessing.get_context("fork")


def footage(folder: Path, frames: int) -> Footage:
    """Two clips; the pixels of frame k are the same whatever `frames` is."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for match in range(2):
        listed = []
        for index in range(frames):
            image = folder / f"{match}-{index}.png"
            rng = np.random.default_rng([match, index])
            image.write_bytes(rng.bytes(20_000))
            listed.append(Frame(index, image, 8, 8, (Ball(3, 4, 2, 2),)))
        clips.append(Clip(f"c{match}", tuple(listed), Provenance("test", match=f"m{match}")))
    return Footage(clips, {"train": ["c0"], "test": ["c1"]})


@pytest.fixture
def version(tmp_path: Path) -> DatasetVersion:
    return DatasetStore(tmp_path / "store").add("cup", footage(tmp_path / "given", 4), made_by="a test")


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that this process reads from a store in order to copy them."""
    names: list[str] = []
    put = ObjectStore.put

    def counting(self: ObjectStore, source: Path, *, link: bool = False) -> str:
        names.append(source.name)
        return put(self, source, link=link)

    monkeypatch.setattr(ObjectStore, "put", counting)
    return names


def test_a_version_is_copied_once_and_is_the_same_version(
    version: DatasetVersion, tmp_path: Path, copied: list[str]
) -> None:
    local = stage(version, tmp_path / "disk")
    assert len(copied) == 9  # eight frames and the annotations
    assert local.folder.is_relative_to(tmp_path / "disk")
    assert local.digest == version.digest
    read, original = local.footage(), version.footage()
    assert read.dataset == original.dataset
    assert read.splits == original.splits
    assert sorted(read.media.values()) == sorted(original.media.values())
    assert all(frame.image.is_relative_to(tmp_path / "disk") for clip in read.clips for frame in clip.frames)
    assert stage(version, tmp_path / "disk").folder == local.folder
    assert len(copied) == 9


def test_only_what_is_new_in_a_later_version_is_copied(
    version: DatasetVersion, tmp_path: Path, copied: list[str]
) -> None:
    stage(version, tmp_path / "disk")
    later = DatasetStore(tmp_path / "store").add("cup", footage(tmp_path / "given", 5), made_by="a test")
    copied.clear()
    stage(later, tmp_path / "disk")
    assert sorted(copied) == ["0-4.png", "1-4.png", "annotations.json"]


def test_a_file_that_was_damaged_in_the_store_is_found_while_it_is_copied(
    version: DatasetVersion, tmp_path: Path
) -> None:
    image = version.folder / "media" / "0-1.png"
    image.chmod(0o644)
    image.write_bytes(b"x" * image.stat().st_size)
    (version.folder / "media" / "1-1.png").unlink()
    with pytest.raises(VersionDamaged, match=r"2 of 9 files are damaged\n  media/0-1.png: changed: SHA-256"):
        stage(version, tmp_path / "disk")
    assert DatasetStore(tmp_path / "disk" / f"raasid-{os.getuid()}").versions() == []


def test_a_damaged_copy_is_repaired(version: DatasetVersion, tmp_path: Path) -> None:
    local = stage(version, tmp_path / "disk")
    image = local.folder / "media" / "0-1.png"
    image.chmod(0o644)
    image.write_bytes(b"x")
    repaired = stage(version, tmp_path / "disk")
    assert repaired.folder == local.folder
    repaired.verify()


def test_of_two_processes_one_copies_and_the_other_waits(
    version: DatasetVersion, tmp_path: Path, copied: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    begun, go_on = FORK.Event(), FORK.Event()

    def copy() -> None:
        def wait(event: str, given: tuple[object, ...]) -> None:
            if event == "os.link" and "/objects/" in str(given[0]) and not begun.is_set():
                begun.set()
                go_on.wait(30)

        sys.addaudithook(wait)
        stage(version, tmp_path / "disk")

    other = FORK.Process(target=copy)
    other.start()
    assert begun.wait(30)
    waiting = FORK.Process(target=_wait_for_sentence, args=(version, tmp_path / "disk", tmp_path / "said"))
    waiting.start()
    while not (tmp_path / "said").exists():
        assert waiting.is_alive()
    go_on.set()
    for process in (other, waiting):
        process.join(60)
        assert process.exitcode == 0
    assert f"copies {version.ref} to" in (tmp_path / "said").read_text()
    assert "waiting for it" in (tmp_path / "said").read_text()


def _wait_for_sentence(version: DatasetVersion, disk: Path, said: Path) -> None:
    class _Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.with_suffix(".draft").write_text(record.getMessage())
            said.with_suffix(".draft").rename(said)

    def copies(*_: object) -> str:
        raise AssertionError("it copied a file, too")

    logging.getLogger("raasid.footage.scratch").addHandler(_Note())
    ObjectStore.put = copies  # type: ignore[method-assign, assignment]
    assert stage(version, disk).folder.is_relative_to(disk)


def test_a_copy_that_was_killed_goes_on_where_it_was(
    version: DatasetVersion, tmp_path: Path, copied: list[str]
) -> None:
    def copy() -> None:
        done = 0

        def kill(event: str, given: tuple[object, ...]) -> None:
            nonlocal done
            done += event == "os.rename" and "/objects/" in str(given[1])
            if done == 5:
                done = 0  # the kill is an event, too
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        stage(version, tmp_path / "disk")

    killed = FORK.Process(target=copy)
    killed.start()
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    assert DatasetStore(tmp_path / "disk" / f"raasid-{os.getuid()}").versions() == []
    stage(version, tmp_path / "disk").verify()
    assert 0 < len(copied) < 9


def test_a_disk_that_is_too_small_is_left_alone(
    version: DatasetVersion, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if not disk.is_mounted:
            pytest.skip("no right to mount a disk")
        disk.leave(60_000)
        assert stage(version, disk.folder) == version
        assert list(disk.folder.glob("*/objects/*/*")) == []
    (record,) = caplog.records
    assert f"{version.ref} needs at least" in record.getMessage()
    assert f"is read from {version.folder}" in record.getMessage()


def test_a_disk_that_becomes_full_is_cleared_again(
    version: DatasetVersion,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("raasid.footage.store._COPY_THREADS", 1)
    with small_disk(tmp_path / "disk") as disk:
        with FullBefore(disk, "*/objects/??/*", count=3) as full:
            assert stage(version, disk.folder) == version
        assert full.happened
        assert list(disk.folder.glob("*/objects/??/*")) == []
    assert disk.refusal in caplog.records[-1].getMessage()
    assert f"{version.ref} is read from {version.folder}" in caplog.records[-1].getMessage()


def test_a_scratch_folder_that_cannot_be_used_is_named_and_not_needed(
    version: DatasetVersion, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert stage(version, tmp_path / "file") == version
    assert "paths.scratch: " in caplog.text
    if os.geteuid() == 0:
        foreign = tmp_path / "shared" / f"raasid-{os.getuid()}"
        foreign.mkdir(parents=True)
        os.chown(foreign, 12345, 12345)
        assert stage(version, tmp_path / "shared") == version
        assert "it belongs to another user" in caplog.text
