"""Two processes never append to one file of the change log, whatever their process ids."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from raasid.registry.change_log import LOG_FILE, ChangeLog
from raasid.registry.filesystem import AtomicWriter, FileSystem, draft_name


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process has the id 1 and the host name `trainer`."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(socket, "gethostname", lambda: "trainer")


def log_at(root: Path) -> ChangeLog:
    return ChangeLog(root, AtomicWriter(FileSystem()))


@pytest.mark.usefixtures("container")
def test_a_forked_process_of_the_same_id_writes_a_file_of_its_own(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    log.append({"by": "parent"})
    child = os.fork()
    if child == 0:
        try:
            log.append({"by": "child"})
            log.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    log.append({"by": "parent"})
    files = sorted(path.name for path in log.folder.iterdir())
    told = [[line.body["by"] for line in log.lines_of(name)] for name in files]
    assert sorted(told) == [["child"], ["parent", "parent"]]


@pytest.mark.usefixtures("container")
def test_two_containers_write_files_of_their_own(tmp_path: Path) -> None:
    for _ in range(2):
        log_at(tmp_path).append({"by": "container"})
    names = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert len(names) == 2
    assert all(
        LOG_FILE.fullmatch(name) and re.fullmatch(r"trainer-[0-9a-f]{16}-000001\.jsonl", name)
        for name in names
    )
    assert draft_name() != draft_name()


def test_files_that_were_named_by_process_ids_are_still_read(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    log.append({"by": "earlier"})
    (file,) = log.folder.iterdir()
    file.rename(log.folder / "trainer-4711-0a1b2c3d-000001.jsonl")
    assert LOG_FILE.fullmatch("trainer-4711-0a1b2c3d-000001.jsonl")
    assert [line.body for line in log.lines_of("trainer-4711-0a1b2c3d-000001.jsonl")] == [{"by": "earlier"}]
