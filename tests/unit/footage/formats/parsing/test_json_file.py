"""A JSON file comes back as its document, or as one typed error with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.footage.formats.parsing import json_reader
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, read_json


def written(folder: Path, data: bytes) -> Path:
    path = folder / "a.json"
    path.write_bytes(data)
    return path


def test_a_byte_order_mark_and_windows_line_endings_are_accepted(tmp_path: Path) -> None:
    assert read_json(written(tmp_path, b'\xef\xbb\xbf{\r\n"a": 1\r\n}\r\n')) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "line 1: not valid JSON"),
        (b'{"a": 1,\n "b": [1, 2', "line 2: not valid JSON"),
        (b'{"a":\n\n "\xff"}', "line 3: not UTF-8 text: byte 0xff at 9"),
        ('{"a": 1}'.encode("utf-16"), "line 1: not UTF-8 text"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"1" * 5000, "not valid JSON"),
    ],
)
def test_an_error_names_file_line_and_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = written(tmp_path, data)
    with pytest.raises(JsonUnreadable, match=reason) as failure:
        read_json(path)
    assert str(path) in str(failure.value)


def test_a_missing_file_a_folder_and_an_invalid_name_are_typed_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path, tmp_path / ("x" * 5000), tmp_path / "a\0b"):
        with pytest.raises(JsonUnreadable, match="cannot be read"):
            read_json(path)


def test_a_duplicate_key_is_reported_and_the_last_one_counts(tmp_path: Path) -> None:
    warnings: list[str] = []
    assert read_json(written(tmp_path, b'{"a": 1, "b": 2, "a": 3}'), warnings.append) == {"a": 3, "b": 2}
    assert warnings == ["key twice in one object: 'a'; the last one counts"]


def test_a_file_above_the_size_limit_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_BYTES", 10)
    with pytest.raises(JsonUnreadable, match="too large: 15 bytes, at most 10"):
        read_json(written(tmp_path, b"[1, 2, 3, 4, 5]"))
