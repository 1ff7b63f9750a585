"""Records of every reader survive a round trip through the format of the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_files import FIXTURES, stored_and_read, without_folder

from raasid.footage.formats import IMPORT_FORMATS, reader


@pytest.mark.parametrize("name", sorted(set(IMPORT_FORMATS) & {path.name for path in FIXTURES.iterdir()}))
def test_records_come_back_equal(name: str, tmp_path: Path) -> None:
    root = FIXTURES / name
    clips = without_folder(reader(name)(root).clips, root)
    assert without_folder(stored_and_read(clips, tmp_path), tmp_path) == clips
