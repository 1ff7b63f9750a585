"""File names in annotations resolve to files inside the data root only."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.footage.formats.file_search import first_file
from raasid.footage.formats.parsing.values import ValueUnusable, safe_join


def test_windows_paths_are_understood() -> None:
    assert safe_join(Path("root"), "images\\a b.jpg") == Path("root/images/a b.jpg")


@pytest.mark.parametrize(
    "name",
    ["../x.jpg", "a/../../x.jpg", "/etc/passwd", "C:\\x.jpg", "x" * 256, "a\0b", "", None, 3, "\ud800"],
)
def test_names_outside_the_root_or_without_a_target_are_rejected(name: object) -> None:
    with pytest.raises(ValueUnusable):
        safe_join(Path("root"), name)


def test_the_first_existing_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    assert first_file([tmp_path, tmp_path / "a", tmp_path / "a\0", tmp_path / "b"]) == tmp_path / "b"
    assert first_file([tmp_path / "a"]) is None
