from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from raasid.console import terminal
from raasid.console.tables import Column, Row, print_line, print_table

COLUMNS = [
    Column("version"),
    Column("frames", right=True),
    Column("why", fold=20),
    Column("by", drop=1),
    Column("sha256", cut=True, drop=2),
]
ROWS = [
    Row(["v1", "9", "because it is much better at night than the one before", "anna@gpu07", "a" * 64]),
    Row(["v10", "1051", "first", "anna@gpu07", "b" * 64]),
]


class Screen:
    """A terminal of a given width, or a file."""

    def __init__(self, width: int | None) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, width=width, force_terminal=width is not None, no_color=True, soft_wrap=True
        )

    @property
    def lines(self) -> list[str]:
        return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in self.file.getvalue().splitlines()]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> type[Screen]:
    class Shown(Screen):
        def __init__(self, width: int | None) -> None:
            super().__init__(width)
            monkeypatch.setattr(terminal, "out", lambda: self.console)

    return Shown


def test_numbers_are_aligned_on_the_right(at: type[Screen]) -> None:
    screen = at(None)
    print_table(COLUMNS[:2], [Row(row.cells[:2]) for row in ROWS])
    assert screen.lines == ["version  frames", "v1            9", "v10        1051"]


def test_in_a_file_each_row_is_one_complete_line(at: type[Screen]) -> None:
    screen = at(None)
    assert print_table(COLUMNS, ROWS) == []
    assert len(screen.lines) == 3
    assert all(cell in screen.lines[1] for cell in ROWS[0].cells)
    assert all(line == line.rstrip() for line in screen.lines)


def test_columns_without_room_are_dropped_and_named(at: type[Screen]) -> None:
    screen = at(44)
    assert print_table(COLUMNS, ROWS) == ["by", "sha256"]
    assert max(map(len, screen.lines)) <= 44
    words = " ".join(" ".join(screen.lines).split())
    assert "better at night" in " ".join(words.split())
    assert "anna" not in words


def test_long_texts_are_folded_between_words_before_columns_are_dropped(at: type[Screen]) -> None:
    screen = at(80)
    assert print_table(COLUMNS, ROWS) == []
    assert max(map(len, screen.lines)) <= 80
    assert any("…" in line for line in screen.lines)


def test_a_text_of_too_many_lines_is_cut_off(at: type[Screen]) -> None:
    screen = at(40)
    print_table([Column("why", fold=20, max_lines=2)], [Row(["word " * 40]), Row(["short"])])
    assert len(screen.lines) == 4
    assert screen.lines[2].endswith("…")
    assert screen.lines[3] == "short"


def test_columns_without_content_are_not_shown(at: type[Screen]) -> None:
    screen = at(None)
    print_table([Column("a"), Column("empty"), Column("b")], [Row(["1", "", "2"])])
    assert screen.lines == ["a  b", "1  2"]
    print_table([Column("empty")], [Row([""])])
    print_table([Column("none")], [])
    assert screen.lines == ["a  b", "1  2"]


def test_control_characters_in_records_do_not_reach_the_terminal(at: type[Screen]) -> None:
    screen = at(None)
    evil = "\x1b[2J\x1b]0;owned\x07 first\nsecond [bold]"
    print_line((evil, "bold"), evil)
    print_table([Column("[red]x")], [Row([evil]), Row([Text(evil)])])
    shown = screen.file.getvalue()
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert len(screen.lines) == 4
    assert "[red]x" in shown
    assert shown.count("[bold]") == 4


texts = st.text(alphabet="abc é ー…-", max_size=60)


@settings(deadline=None, max_examples=60)
@given(width=st.integers(min_value=60, max_value=200), cells=st.lists(st.tuples(texts, texts), max_size=5))
def test_no_line_is_wider_than_the_terminal(width: int, cells: list[tuple[str, str]]) -> None:
    screen = Screen(width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal, "out", lambda: screen.console)
        rows = [Row(["v20261123.1", why, who]) for why, who in cells]
        print_table(
            [Column("version"), Column("why", fold=20), Column("by", cut=True, drop=1)], rows, indent=2
        )
    assert all(Text(line).cell_len <= width for line in screen.lines)
