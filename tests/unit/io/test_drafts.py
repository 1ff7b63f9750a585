"""Drafts are kept while their process lives and removed when it is dead, whatever its process id."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from raasid.io import lease
from raasid.io.atomic import StagedFolder, atomic_path
from raasid.io.drafts import Draft, remove_abandoned

OTHER_CONTAINER = """
import os, sys, time
from pathlib import Path
pid = int(sys.argv[2])
os.getpid = lambda: pid  # what it is called in its container; here, no process has that id
from raasid.io.atomic import StagedFolder, atomic_path
folder = Path(sys.argv[1])
with StagedFolder(folder) as staged, atomic_path(folder / "file") as temporary:
    (staged.path / "half").touch()
    print(staged.path, temporary, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def dead_pid() -> int:
    process = multiprocessing.get_context("spawn").Process(target=os.getpid)
    process.start()
    process.join()
    assert process.pid is not None
    return process.pid


@pytest.fixture
def other_container(tmp_path: Path, dead_pid: int) -> Iterator[subprocess.Popen[str]]:
    """A process of the same host name that fills a folder and a file, and that cannot be found by its id."""
    command = [sys.executable, "-c", OTHER_CONTAINER, str(tmp_path), str(dead_pid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_drafts_of_another_container_live_as_long_as_their_process(
    tmp_path: Path, other_container: subprocess.Popen[str]
) -> None:
    assert other_container.stdout is not None
    drafts = sorted(map(Path, other_container.stdout.readline().split()))
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.iterdir()) == drafts
    assert any((draft / "half").exists() for draft in drafts)
    other_container.kill()
    other_container.wait()
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_own_drafts_and_foreign_hidden_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".draft.notes").touch()
    with StagedFolder(tmp_path) as staged, atomic_path(tmp_path / "file") as temporary:
        remove_abandoned(tmp_path)
        assert staged.path.is_dir()
        assert temporary.is_file()
    remove_abandoned(tmp_path / "missing")
    assert {path.name for path in tmp_path.iterdir()} == {".draft.notes", "file"}


def test_a_draft_of_another_machine_is_abandoned_after_a_day_without_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_boot_id", lambda: "another")
    written, idle, growing = (_abandon(tmp_path) for _ in range(3))
    monkeypatch.undo()
    for path in (idle, idle / "half", growing):
        os.utime(path, (1, 1))
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([written, growing])


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_the_age_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    young, old = _abandon(tmp_path), _abandon(tmp_path)
    for path in (old, old / "half"):
        os.utime(path, (1, 1))
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [young]


def test_where_the_kernel_cannot_be_told_the_age_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_boot_id", lambda: None)
    young = _abandon(tmp_path)
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [young]


def test_a_process_that_cleans_all_the_time_takes_no_draft(tmp_path: Path) -> None:
    ended = threading.Event()

    def clean() -> None:
        while not ended.is_set():
            remove_abandoned(tmp_path)

    cleaners = [threading.Thread(target=clean) for _ in range(2)]
    for cleaner in cleaners:
        cleaner.start()
    try:
        for number in range(300):
            draft = Draft(tmp_path, "draft", folder=number % 2 == 0)
            assert draft.path.exists()
            draft.path.rename(tmp_path / f"{number}")
            draft.close()
    finally:
        ended.set()
        for cleaner in cleaners:
            cleaner.join()
    assert len(list(tmp_path.iterdir())) == 300


def test_drafts_within_a_draft_need_no_descriptors(tmp_path: Path) -> None:
    with StagedFolder(tmp_path) as outer:
        before = len(list(Path("/proc/self/fd").iterdir()))
        inner = [StagedFolder(outer.path) for _ in range(20)]
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert all(staged.path.is_dir() for staged in inner)
        for number, staged in enumerate(inner):
            assert staged.publish(outer.path / f"clip-{number}")


def test_a_published_folder_keeps_no_descriptor(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        with StagedFolder(tmp_path) as staged, atomic_path(staged.path / "file"):
            pass
        with StagedFolder(tmp_path) as staged:
            assert staged.publish(tmp_path / f"{number}")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _abandon(folder: Path) -> Path:
    """Leave a half-filled folder behind, as a killed process does."""
    draft = Draft(folder, "draft", folder=True)
    (draft.path / "half").touch()
    draft.close()
    return draft.path
