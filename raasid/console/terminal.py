"""Terminal output: result lines on stdout, everything else on stderr."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

from raasid.escaping import printable, printable_lines

if TYPE_CHECKING:
    from rich.console import Console

MetricRow = tuple[str, float, float, float]
"""Name, value, lower and upper end of the interval (NaN where there is none)."""


def out() -> Console:
    """Return a console for results, on the current stdout, so that redirection and capture work."""
    from raasid.console.plain_console import PlainConsole

    return PlainConsole(sys.stdout)


def err() -> Console:
    """Return a console for progress, warnings and errors, on the current stderr."""
    from raasid.console.plain_console import PlainConsole

    return PlainConsole(sys.stderr)


def print_error(message: object) -> None:
    """Write the message that a process ends with on stderr, after all that is on stdout."""
    sys.stdout.flush()
    sys.stderr.write(f"{printable_lines(message)}\n")


def accept_all_characters() -> None:
    """Let stdout write escapes for characters that its encoding lacks, as stderr does, instead of failing."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def metric_lines(rows: Sequence[MetricRow]) -> list[str]:
    """Return one line per metric: `name value [low, high]`, four decimals, columns aligned.

    Split at white space, the first word is the name and the second the value. An undefined value reads
    `nan`; an undefined interval is left out.
    """
    names = max((len(name) for name, *_ in rows), default=0)
    values = max((len(f"{value:.4f}") for _, value, *_ in rows), default=0)
    lines = []
    for name, value, low, high in rows:
        interval = "" if math.isnan(low) or math.isnan(high) else f" [{low:.4f}, {high:.4f}]"
        lines.append(f"{name:<{names}} {value:>{values}.4f}{interval}")
    return lines


def print_metrics(rows: Sequence[MetricRow]) -> None:
    """Print the metric lines on stdout; callers put the most important ones last, next to the prompt."""
    console = out()
    for line in metric_lines(rows):
        console.print(line, markup=False)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show the progress of a long operation; the context yields `update(steps)`.

    On a terminal this is a bar that disappears at the end; in a file or pipe it is one line at the end, so
    that logs stay readable. A block that fails prints no such line.
    """
    console, description = err(), printable(description)
    start = time.monotonic()
    done = 0
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        title = TextColumn("{task.description}", markup=False)
        columns = (title, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(description, total=total)

            def update_bar(steps: int = 1) -> None:
                nonlocal done
                done += steps
                bar.advance(task, steps)

            yield update_bar
    else:

        def update_count(steps: int = 1) -> None:
            nonlocal done
            done += steps

        yield update_count
    console.print(f"{description}: {done} in {time.monotonic() - start:.1f} s", markup=False)
