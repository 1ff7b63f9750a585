from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from small_disk import SmallDisk, small_disk

from raasid.errors import Exit
from raasid.io.atomic import StagedFolder, append, atomic_path, write_atomic, write_synced
from raasid.io.disk_full import DiskFull, naming_full_disk
from raasid.io.file_digests import FileDigests
from raasid.io.object_store import MediaUnreadable, ObjectStore, StoreUnwritable

LARGE = bytes(300_000)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


def test_the_message_names_the_folder_what_is_needed_and_what_is_free(disk: SmallDisk) -> None:
    disk.leave(100_000)
    with pytest.raises(DiskFull) as caught:
        write_atomic(disk.folder / "model.bin", LARGE)
    assert str(caught.value).startswith(f"{disk.folder}: {disk.refusal}: model.bin needs at least 300.0 kB, ")
    assert caught.value.exit == Exit.FAILED
    if disk.is_mounted:
        assert "102.4 kB are free; make room there, or use another disk" in str(caught.value)


def test_a_file_is_the_old_one_or_the_new_one_and_no_draft_is_left(disk: SmallDisk) -> None:
    file = disk.folder / "deep/er/metrics.json"
    write_atomic(file, "old")
    disk.leave(100_000)
    with pytest.raises(DiskFull):
        write_atomic(file, LARGE)
    assert (file.read_text(), list(file.parent.iterdir())) == ("old", [file])
    disk.make_room()
    write_atomic(file, LARGE)
    assert file.read_bytes() == LARGE


def test_an_append_adds_everything_or_nothing(disk: SmallDisk) -> None:
    file = disk.folder / "metrics.csv"
    file.write_text("head\n")
    disk.leave(20_000)
    rows = 0
    with pytest.raises(DiskFull, match=r"metrics\.csv needs at least 3\.0 kB"):  # noqa: PT012
        while True:
            append(file, "x" * 2999 + "\n")
            rows += 1
    assert file.stat().st_size == 5 + 3000 * rows
    disk.make_room()
    append(file, "end\n")
    assert file.read_text().endswith("x\nend\n")


def test_an_append_that_has_no_room_leaves_no_empty_file(disk: SmallDisk) -> None:
    file = disk.folder / "journal.jsonl"
    disk.leave(0)
    with pytest.raises(DiskFull):
        append(file, "x" * 20_000 + "\n")
    assert not file.exists()
    disk.make_room()
    append(file, "begin\n")
    assert file.read_text() == "begin\n"


def save(tensor: torch.Tensor, path: Path) -> None:
    with path.open("wb") as file:
        torch.save(tensor, file)  # raises "unexpected pos 704 vs 598"


def test_a_library_that_hides_the_cause_does_not_hide_a_full_disk(disk: SmallDisk) -> None:
    disk.leave(100_000)
    tensor = torch.zeros(len(LARGE) // 4)
    with (
        pytest.raises(DiskFull, match=r"last\.ckpt needs"),
        atomic_path(disk.folder / "last.ckpt") as temporary,
    ):
        save(tensor, temporary)
    assert list(disk.folder.iterdir()) == []


def test_a_staged_folder_that_finds_no_room_is_removed(disk: SmallDisk) -> None:
    disk.leave(100_000)
    with pytest.raises(DiskFull, match=r"0\.jpg needs"), StagedFolder(disk.folder) as staged:
        write_synced(staged.path / "0.jpg", LARGE)
    assert list(disk.folder.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_quota_and_a_limit_on_the_size_of_files_are_full_disks(tmp_path: Path, code: int) -> None:
    with pytest.raises(DiskFull, match=os.strerror(code)), naming_full_disk(tmp_path):
        raise OSError(code, os.strerror(code))


def test_other_errors_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), naming_full_disk(tmp_path):
        raise PermissionError(errno.EACCES, "no")
    with pytest.raises(ZeroDivisionError), naming_full_disk(tmp_path):
        raise ZeroDivisionError


@pytest.mark.parametrize("link", [False, True])
def test_a_store_without_room_blames_itself_and_not_the_footage(
    disk: SmallDisk, tmp_path: Path, link: bool
) -> None:
    if link and not disk.is_mounted:
        pytest.skip("a link needs no room, and this test may mount no other disk")
    source = tmp_path / "clip.mp4"  # on another disk, so that a link becomes a copy
    source.write_bytes(LARGE)
    store = ObjectStore(disk.folder / "objects", FileDigests())
    disk.leave(100_000)
    with pytest.raises(DiskFull) as caught:
        store.put(source, link=link)
    assert str(caught.value).startswith(str(disk.folder))
    assert "clip.mp4" not in str(caught.value)
    assert [path for path in disk.folder.rglob("*") if path.is_file()] == []
    disk.make_room()
    assert store.path(store.put(source, link=link)).read_bytes() == LARGE


def test_a_store_that_cannot_be_written_blames_itself(tmp_path: Path) -> None:
    source, store = tmp_path / "clip.mp4", ObjectStore(tmp_path / "store", FileDigests())
    source.write_bytes(LARGE)
    store.folder.write_text("not a folder")
    with pytest.raises(StoreUnwritable, match="store: cannot be written"):
        store.put(source)
    store.folder.unlink()
    with pytest.raises(MediaUnreadable, match=r"gone\.mp4"):
        store.put(tmp_path / "gone.mp4")
