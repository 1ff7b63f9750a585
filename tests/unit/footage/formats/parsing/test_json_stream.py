from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soak import rounds

from raasid.footage.formats.parsing import json_reader
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "file.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_entries_have_key_and_line(tmp_path: Path) -> None:
    path = written(
        tmp_path, '\ufeff{"info": {"a": 1},\r\n"images": [\n1,\n{"b": [2]}], "n": null, "none": []}'
    )
    assert list(json_entries(path)) == [
        ("info", 1, {"a": 1}),
        ("images", 3, 1),
        ("images", 4, {"b": [2]}),
        ("n", 4, None),
    ]


def test_the_entries_of_a_list_have_no_key(tmp_path: Path) -> None:
    assert list(json_entries(written(tmp_path, ' [1, "a"]\n'))) == [("", 1, 1), ("", 1, "a")]


Value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
)


@settings(max_examples=rounds(60, 600))
@pytest.mark.soak
@given(st.dictionaries(st.text(max_size=9), Value), st.integers(1, 40), st.booleans(), st.none() | st.just(1))
def test_entries_equal_those_of_the_json_module_for_every_chunk_size(
    document: dict[str, Any], chunk: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "_CHUNK", chunk)
        path = written(Path(tmp_folder()), text)
        entries = list(json_entries(path))
    expected = []
    for key, value in document.items():
        expected += [(key, item) for item in value] if isinstance(value, list) else [(key, value)]
    assert [(key, value) for key, _, value in entries] == expected


def tmp_folder() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="json_stream_")


BAD = {
    "empty": (b"", "starts with ''"),
    "no json": (b"frame,x\n", "starts with 'f'"),
    "truncated": (b'{"a": [1, 2', "expected"),
    "torn text": (b'{"a": "xy', "Unterminated"),
    "no value": (b'{"a": }', "Expecting value"),
    "key no text": (b"{1: 2}", "a key is no text: 1"),
    "no colon": (b'{"a" 2}', ": expected"),
    "two documents": (b'{"a": 1}\n{"a": 2}', "follows its end"),
    "latin": (b'{"a":\n["\xe4"]}', "byte 0xe4"),
    "deep": (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
    "long number": (b'{"a": ' + b"9" * 6000 + b"}", "not valid JSON"),
    "zero bytes": (b"\x00" * 10, "starts with"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD.keys())
def test_invalid_json_is_one_typed_error(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(JsonUnreadable, match=reason):
        list(json_entries(written(tmp_path, content)))


def test_the_error_names_the_line_whatever_the_chunk_boundaries(tmp_path: Path) -> None:
    for corrupted in (b"[1 2]", b"[\xff]"):
        path = written(tmp_path, b'{"a": [\n' + b'{"b": 12345},\n' * 20_000 + corrupted + b"\n]}")
        entries: list[object] = []
        with pytest.raises(JsonUnreadable) as caught:
            entries.extend(json_entries(path))
        assert caught.value.line == 20_002
        assert len(entries) > 18_000


def test_an_entry_too_large_to_stream_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_ENTRY_CHARS", 100_000)
    path = written(tmp_path, '{"a": "' + "x" * 1_000_000)
    with pytest.raises(JsonUnreadable, match="an entry too large"):
        list(json_entries(path))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '{"a": [' + ",".join(['{"b": [1, 2, 3, 4.5], "c": "text"}'] * 100_000) + "]}")
    tracemalloc.start()
    count = sum(1 for _ in json_entries(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 500_000 < path.stat().st_size


def test_members_of_a_named_object_are_yielded_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"Set": "train",\n "Actions": {\n  "0": {"a": [1]},\n  "7": 5 }, "Else": {"b": 1}}')
    assert list(json_entries(path, objects=("Actions",))) == [
        ("Set", 1, "train"),
        ("Actions", 3, ("0", {"a": [1]})),
        ("Actions", 4, ("7", 5)),
        ("Else", 4, {"b": 1}),
    ]
