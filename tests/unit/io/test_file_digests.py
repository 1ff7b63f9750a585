"""Digests of files: read once, and again whenever the content may be another one."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from raasid.io import file_digests
from raasid.io.file_digests import CACHE_NAME, FileDigests, FileUnreadable, find_damage

LONG_AGO_NS = 1_700_000_000_000_000_000


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read, in order."""
    names: list[str] = []
    real = FileDigests._read

    def read(self: FileDigests, path: Path) -> str:
        names.append(path.name)
        return real(self, path)

    monkeypatch.setattr(FileDigests, "_read", read)
    return names


def written(path: Path, content: bytes, mtime_ns: int | None = LONG_AGO_NS) -> Path:
    path.write_bytes(content)
    if mtime_ns is not None:
        os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def digest_of(path: Path) -> str | None:
    """The digest that a new process would find."""
    return FileDigests(path.parent / CACHE_NAME).of([path], "test").get(path)


def test_an_unchanged_file_is_read_once(tmp_path: Path, reads: list[str]) -> None:
    file = written(tmp_path / "a", b"one")
    assert digest_of(file) == digest_of(file) == sha256(b"one").hexdigest()
    assert reads == ["a"]


def overwritten(file: Path) -> None:
    written(file, b"two")


def replaced_by_rename(file: Path) -> None:
    written(file.with_name("new"), b"two").replace(file)


@pytest.mark.parametrize("change", [overwritten, replaced_by_rename])
def test_new_content_of_equal_size_and_time_is_found(tmp_path: Path, change: Any) -> None:
    file = written(tmp_path / "a", b"one")
    assert digest_of(file) == sha256(b"one").hexdigest()
    time.sleep(0.02)  # change times of most kernels are exact to 4 or 10 ms
    change(file)
    assert file.stat().st_mtime_ns == LONG_AGO_NS
    assert digest_of(file) == sha256(b"two").hexdigest()


def test_a_file_that_was_written_just_now_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    file = written(tmp_path / "a", b"one", mtime_ns=None)
    assert digest_of(file) == digest_of(file)
    assert reads == ["a", "a"]
    assert not (tmp_path / CACHE_NAME).exists()


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, real = written(tmp_path / "a", b"one"), file_digests.hashlib.file_digest

    def changed_after(opened: Any, name: str) -> Any:
        digest = real(opened, name)
        written(file, b"four")
        return digest

    with monkeypatch.context() as patch:
        patch.setattr(file_digests.hashlib, "file_digest", changed_after)
        digest_of(file)
    assert digest_of(file) == sha256(b"four").hexdigest()
    assert reads == ["a", "a"]


def test_a_new_hard_link_keeps_the_digest(tmp_path: Path, reads: list[str]) -> None:
    file = written(tmp_path / "a", b"one")
    digests = FileDigests(tmp_path / CACHE_NAME)
    digests.of([file], "test")
    (tmp_path / "b").hardlink_to(file)
    digests.keep_after_link(tmp_path / "b", sha256(b"one").hexdigest())
    digests.save()
    assert digest_of(file) == digest_of(tmp_path / "b") == sha256(b"one").hexdigest()
    assert reads == ["a"]


def test_two_processes_add_to_one_cache(tmp_path: Path, reads: list[str]) -> None:
    files = [written(tmp_path / name, name.encode()) for name in "ab"]
    first, second = (FileDigests(tmp_path / CACHE_NAME) for _ in range(2))
    first.get(files[0])
    second.get(files[1])
    first.save()
    second.save()
    assert [digest_of(file) for file in files] == [sha256(name).hexdigest() for name in (b"a", b"b")]
    assert reads == ["a", "b"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"format":1,"files":[]}', b'{"format":1,"files":{"1":7}}', b"[" * 100_000, b"\xff"],
)
def test_a_damaged_cache_costs_time_alone(tmp_path: Path, content: bytes) -> None:
    file = written(tmp_path / "a", b"one")
    (tmp_path / CACHE_NAME).write_bytes(content)
    assert digest_of(file) == digest_of(file) == sha256(b"one").hexdigest()


def test_where_nothing_can_be_written_every_file_is_read(tmp_path: Path, reads: list[str]) -> None:
    file = written(tmp_path / "a", b"one")
    (tmp_path / "no folder").touch()
    for _ in range(2):
        FileDigests(tmp_path / "no folder" / CACHE_NAME).of([file], "test")
    assert reads == ["a", "a"]


def test_damage_is_described_by_file(tmp_path: Path, reads: list[str]) -> None:
    whole = {name: {"bytes": 3, "sha256": sha256(b"one").hexdigest()} for name in "abcde"}
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"longer")):
        written(tmp_path / name, content)
    os.mkfifo(tmp_path / "e")  # reading it would wait for ever
    assert find_damage(tmp_path, whole, FileDigests(), "test") == {
        "b": "changed: SHA-256 3fc4ccfe7458, expected 7692c3ad3540",
        "c": "6 bytes, expected 3",
        "d": "missing",
        "e": "missing",
    }
    assert sorted(reads) == ["a", "b", "c"]


def test_an_unreadable_file_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "a", b"one")
    monkeypatch.setattr(
        Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(FileUnreadable, match="a: cannot be read: Permission denied"):
        FileDigests().of([file], "test")
