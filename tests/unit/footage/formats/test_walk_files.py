"""A walk terminates, is deterministic, and reports folders that it cannot list."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.footage.formats.file_search import FolderUnreadable, walk_files


def test_circular_links_are_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "b" / "file").touch()
    assert list(walk_files(tmp_path)) == [tmp_path / "a" / "b" / "file"]


def test_a_link_to_an_outside_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "images").symlink_to(tmp_path / "elsewhere")
    assert list(walk_files(tmp_path / "set")) == [tmp_path / "set" / "images" / "file"]


def test_a_link_to_itself_and_a_dangling_link_are_listed_as_files(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert [path.name for path in walk_files(tmp_path)] == ["gone", "self"]


def test_files_are_sorted_and_hidden_ones_omitted(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden", "c"):
        (tmp_path / name).touch()
    assert [path.name for path in walk_files(tmp_path)] == ["a", "b", "c"]


def test_an_unlistable_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FolderUnreadable, match="nowhere: cannot be listed"):
        list(walk_files(tmp_path / "nowhere"))
