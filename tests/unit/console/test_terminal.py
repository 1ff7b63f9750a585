from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from raasid.console import terminal

ROWS = [
    ("false_positives_per_minute", 61.5, 20.25, 99.0),
    ("map50", 0.5, math.nan, math.nan),
    ("detection_rate", 0.87312, 0.84118, 0.90204),
]


def test_a_metric_line_reads_name_value_interval(capsys):
    terminal.print_metrics(ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["false_positives_per_minute", "61.5000", "[20.2500,", "99.0000]"]
    assert lines[1].split() == ["map50", "0.5000"]
    assert re.fullmatch(r"detection_rate +0\.8731 \[0\.8412, 0\.9020\]", lines[2])


def test_an_undefined_metric_reads_nan():
    assert terminal.metric_lines([("precision", math.nan, math.nan, math.nan)]) == ["precision nan"]


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1000)), min_size=1))
def test_the_value_can_be_parsed_from_every_line(values):
    rows = [(f"metric_{i}", *value) for i, value in enumerate(values)]
    for (name, value, _, _), line in zip(rows, terminal.metric_lines(rows), strict=True):
        assert line.split()[0] == name
        assert abs(float(line.split()[1]) - value) <= 0.5001e-4


def test_progress_without_a_terminal_is_one_line_on_stderr(capsys):
    with terminal.progress("reading", total=3) as update:
        for _ in range(3):
            update(1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"reading: 3 in \d+\.\d s\n", captured.err)


def test_importing_the_console_loads_no_library():
    code = "import sys, raasid.console; print(sorted({'rich', 'torch', 'numpy'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


EVIL = "\x1b[2J [red]x[/red] :ball: \udce9 \u202e"
SHOWN = r"\x1b[2J [red]x[/red] :ball: \xe9 \u202e"


def test_a_printed_text_is_no_markup_and_controls_nothing(capsys):
    terminal.out().print(EVIL)
    terminal.err().print(EVIL, markup=False)
    terminal.print_error(f"error: {EVIL}\n  second line")
    with terminal.progress(EVIL) as update:
        update(1)
    captured = capsys.readouterr()
    assert captured.out == f"{SHOWN}\n"
    first, error, second, progress = captured.err.splitlines()
    assert (first, error, second) == (SHOWN, f"error: {SHOWN}", "  second line")
    assert progress.startswith(f"{SHOWN}: 1 in ")


def test_the_title_of_a_progress_bar_is_no_markup_and_controls_nothing(monkeypatch):
    console = Console(file=StringIO(), force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(terminal, "err", lambda: console)
    with terminal.progress(EVIL, total=2) as update:
        update(1)
    assert SHOWN in console.file.getvalue()
    assert "\x1b[2J" not in console.file.getvalue()


def test_stdout_of_any_encoding_takes_any_name():
    code = "from raasid.console import terminal as t; t.accept_all_characters(); t.out().print('été 日本')"
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout == "\\xe9t\\xe9 \\u65e5\\u672c\n"
