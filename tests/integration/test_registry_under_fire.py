"""The registry under kills and concurrency, by the commands that measure it; by default those run longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from soak import rounds

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
KILLS, SECONDS = rounds(100, 500), rounds(3, 30)


def last_line(*words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.soak
def test_random_kills_lose_nothing_that_was_acknowledged() -> None:
    summary = last_line("registry_crash.py", "--rounds", str(KILLS))
    assert summary.startswith(f"{KILLS} kills, ")
    assert summary.endswith("0 lost, 0 unreadable, 0 duplicates, 0 gaps, 0 findings")


@pytest.mark.soak
def test_eight_writers_and_two_readers_see_one_order_of_events() -> None:
    summary = last_line("registry_concurrency.py", "--seconds", str(SECONDS))
    assert summary.startswith("8 writers, 2 readers, ")
    assert summary.endswith("0 processes failed, 0 things wrong")


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([(True, 0, 1, 1, "a"), (True, 2, 3, 2, "b"), (False, 4, 5, 2, "b")], False),
        (
            [(True, 0, 1, 1, "a"), (True, 2, 3, 2, "b"), (False, 4, 5, 1, "a")],
            True,
        ),  # an old value, read late
        ([(True, 0, 9, 2, "a"), (True, 1, 3, 1, "b")], False),  # they overlapped: either may be first
        ([(True, 0, 1, 2, "a"), (True, 2, 3, 1, "b")], True),  # the later write came first
        ([(True, 0, 1, 1, "a"), (True, 0, 1, 1, "b")], True),  # one number, two writes
        ([(True, 0, 1, 1, "a"), (False, 2, 3, 1, "b")], True),  # reads a value that was never written
        ([(False, 0, 1, 0, ""), (True, 0, 2, 1, "a"), (False, 3, 4, 0, "")], True),  # forgot it again
    ],
)
def test_the_checker_accepts_valid_histories_and_rejects_invalid_ones(
    events: list[tuple[bool, int, int, int, str]], wrong: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from registry_concurrency import Event, out_of_order  # type: ignore[import-not-found]

    assert bool(out_of_order(Event("alias", *event) for event in events)) == wrong
