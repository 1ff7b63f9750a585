"""Names from outside as text that every terminal, page and file can hold."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from raasid.escaping import is_utf_8, printable, printable_file_name, printable_lines

any_text = st.text(st.characters(codec=None, categories=None), max_size=40)  # with lone surrogates
file_names = st.binary(max_size=40).map(os.fsdecode)
nasty = st.text(st.sampled_from("\x00\t\n\r\x1b\x7f\x85\x9b\u2028\u202e\u2066\ud800\udce9\ufeff\\x1bé日"))


@given(name=any_text | file_names | nasty)
@example(name="\udce9t\udce9.png")
def test_an_escaped_name_has_no_control_characters_and_is_utf_8(name: str) -> None:
    shown = printable(name)
    assert is_utf_8(shown)
    assert is_utf_8(name) == (not re.search("[\ud800-\udfff]", name))
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown)
    assert not any(unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "LRI", "RLI"} for c in shown)
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1


@given(name=any_text | nasty)
def test_lines_differ_from_names_only_in_tabs_and_line_breaks(name: str) -> None:
    lines = printable_lines(name)
    assert printable(lines) == printable(name)
    assert lines.count("\n") == name.count("\n")


@pytest.mark.parametrize(
    "name",
    ["", "été.png", "日本　決勝.mp4", "راصد", "می\u200cخواهم", "👩‍⚽", "🏴\U000e0067\U000e0062\U000e007f",
     "50\u202f%", "a\u00a0b", r"C:\x\clip.mp4", "[red]<b>&amp;:ball:"],
)  # fmt: skip
def test_names_that_can_be_printed_stay_as_they_are(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (os.fsdecode(b"\xe9t\xe9.png"), r"\xe9t\xe9.png"),
        ("\x1b[31mplayer", r"\x1b[31mplayer"),
        ("a\nb\tc\rd", r"a\x0ab\x09c\x0dd"),
        ("\x9b31m\u202egnp.exe", r"\x9b31m\u202egnp.exe"),
        ("\ud83d", r"\ud83d"),
    ],
)
def test_what_cannot_be_printed_is_a_visible_escape(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(names=st.sets(st.binary(min_size=1, max_size=255).map(os.fsdecode), max_size=6))
def test_copies_of_files_have_printable_names_that_differ_and_fit(names: set[str]) -> None:
    copies = {printable_file_name(name.replace("/", "_").replace("\0", "_")) for name in names}
    assert len(copies) == len({name.replace("/", "_").replace("\0", "_") for name in names})
    for copy in copies:
        assert printable(copy) == copy
        assert len(copy.encode()) <= 255


def test_a_printable_file_name_stays_and_an_odd_one_keeps_its_suffix() -> None:
    assert printable_file_name("été.png") == "été.png"
    assert re.fullmatch(r"\\xe9t\\xe9-[0-9a-f]{8}\.png", printable_file_name(os.fsdecode(b"\xe9t\xe9.png")))


def test_opencv_gets_no_file_name_as_a_string() -> None:
    calls = re.compile(r"cv2\.(?:imread|imwrite|VideoCapture|VideoWriter)\(\s*(?!opencv_name\()[\w.]")
    root = Path(__file__).resolve().parents[2] / "raasid"
    wrong = [str(path) for path in root.rglob("*.py") if calls.search(path.read_text(encoding="utf-8"))]
    assert wrong == []
