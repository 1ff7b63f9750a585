from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from raasid.footage.formats.parsing.xml_reader import MAX_DEPTH, Element, XmlUnreadable, iter_elements


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_elements_have_contents_line_and_parent(tmp_path: Path) -> None:
    path = written(tmp_path, '<a>\n<b n="1"><c> x </c></b>\r\n<b n="2"/></a>')
    first, second = iter_elements(path, {"b"})
    assert (first.attributes, first.line, first.text_at("c")) == ({"n": "1"}, 2, "x")
    assert (second.attributes, second.line, second.at("c")) == ({"n": "2"}, 3, None)
    assert first.parent is second.parent
    assert first.inside("a") is first.parent


def test_elements_yielded_separately_are_not_kept_by_their_parent(tmp_path: Path) -> None:
    path = written(tmp_path, "<a><b><c/><d/></b></a>")
    inner, outer = iter_elements(path, {"b", "c"})
    assert (inner.tag, outer.tag) == ("c", "b")
    assert [child.tag for child in outer.children] == ["d"]
    assert inner.parent is outer


def test_namespaces_and_byte_order_marks_do_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, '\ufeff<v xmlns="urn:v" xmlns:d="urn:d"><d:point d:x="1"/></v>')
    (point,) = iter_elements(path, {"point"})
    assert (point.tag, point.attributes) == ("point", {"x": "1"})


BOMB = '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>'
BAD = {
    "empty": (b"", "not well-formed"),
    "no xml": (b"frame,x,y\n1,2,3\n", "not well-formed"),
    "truncated": (b"<a>\n<b>", "not well-formed"),
    "entities": (BOMB.encode(), "entity declared"),
    "external": (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
    "deep": (b"<a>" * (MAX_DEPTH + 1), "nested too deep"),
    "zero bytes": (b"<a>\x00</a>", "not well-formed"),
    "unknown encoding": (b'<?xml version="1.0" encoding="utf-99"?><a/>', "decoded"),
    "wrong encoding": (b'<?xml version="1.0" encoding="utf-8"?><a b="\xff"/>', "not well-formed"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD.keys())
def test_a_file_that_is_not_plain_xml_is_one_typed_error(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(XmlUnreadable, match=reason):
        list(iter_elements(written(tmp_path, content), {"b"}))


def test_the_error_names_the_line_and_follows_the_valid_elements(tmp_path: Path) -> None:
    path = written(tmp_path, "<a>\n" + "<b/>\n" * 5000 + "<b>\n</c>")
    elements: list[Element] = []
    with pytest.raises(XmlUnreadable) as caught:
        elements.extend(iter_elements(path, {"b"}))
    assert caught.value.line == 5003
    assert len(elements) == 5000


def test_a_missing_file_and_a_folder_are_typed_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.xml", tmp_path):
        with pytest.raises(XmlUnreadable, match="cannot be read"):
            list(iter_elements(path, {"b"}))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    row = '<box frame="12" xtl="100.0" ytl="20.5" xbr="130.0" ybr="90.0"><a>1</a></box>\n'
    path = written(tmp_path, f"<a><track>{row * 50_000}</track></a>")
    tracemalloc.start()
    count = sum(1 for element in iter_elements(path, {"box"}) if element.text_at("a") == "1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 1_000_000 < path.stat().st_size
