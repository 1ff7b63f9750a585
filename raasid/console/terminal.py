"""What a person sees in the terminal: result lines on stdout, everything else on stderr."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

MetricRow = tuple[str, float, float, float]
"""Name, value, and the ends of its interval (NaN where there is none)."""


def out() -> Console:
    """Where results go: stdout as it is now, so that redirection and capture work."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def err() -> Console:
    """Where progress, warnings and errors go."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def metric_lines(rows: Sequence[MetricRow]) -> list[str]:
    """One line per metric: `name value [low, high]`, four decimals, columns aligned.

    Split at white space, a line's first word is the name and its second the value. An undefined
    value reads `nan`; an interval is left out where it is undefined.
    """
    names = max((len(name) for name, *_ in rows), default=0)
    values = max((len(f"{value:.4f}") for _, value, *_ in rows), default=0)
    lines = []
    for name, value, low, high in rows:
        interval = "" if math.isnan(low) or math.isnan(high) else f" [{low:.4f}, {high:.4f}]"
        lines.append(f"{name:<{names}} {value:>{values}.4f}{interval}")
    return lines


def print_metrics(rows: Sequence[MetricRow]) -> None:
    """Print the metric lines on stdout; the most important rows come last, where the eye ends."""
    console = out()
    for line in metric_lines(rows):
        console.print(line, markup=False)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print a table on stdout, columns two spaces apart; `right`: columns that align on the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        out().print("  ".join(cells).rstrip(), markup=False)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show that something long is going on; the context gives `advance(steps)`.

    On a terminal a bar that goes away when done; into a file or pipe one line at the end, so that
    logs stay readable. A block that fails prints no such line.
    """
    console = err()
    began = time.monotonic()
    done = 0
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(description, total=total)

            def advance_bar(steps: int = 1) -> None:
                nonlocal done
                done += steps
                bar.advance(task, steps)

            yield advance_bar
    else:

        def advance_count(steps: int = 1) -> None:
            nonlocal done
            done += steps

        yield advance_count
    console.print(f"{description}: {done} in {time.monotonic() - began:.1f} s", markup=False)
