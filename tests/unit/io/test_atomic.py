"""Files and folders appear complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.io.atomic import StagedFolder, atomic_path, write_atomic


def test_a_file_is_written_with_its_parent_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "note.json"
    write_atomic(path, "ä")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_an_exception_while_writing_leaves_only_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt


def test_the_longest_possible_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 127)
    write_atomic(path, b"")
    assert path.is_file()


def test_a_folder_is_published_once_and_the_second_is_removed(tmp_path: Path) -> None:
    final = tmp_path / "version"
    with StagedFolder(tmp_path) as first, StagedFolder(tmp_path) as second:
        for number, staged in enumerate((first, second)):
            (staged.path / "number").write_text(str(number))
        assert first.publish(final)
        assert not second.publish(final)
    assert (final / "number").read_text() == "0"
    assert list(tmp_path.iterdir()) == [final]


def test_a_folder_that_is_not_published_is_removed(tmp_path: Path) -> None:
    with StagedFolder(tmp_path) as staged:
        (staged.path / "half").touch()
    assert not list(tmp_path.iterdir())
