"""Eight processes change a registry at once while two read: every observation fits one order of events.

Each writer registers versions, moves the champion and switches routes; some clocks are a day behind or ahead.
Each event is recorded with the time before and after it. Checked: alias and routes are linearizable (Herlihy
and Wing 1990), version numbers are dense and unique, and no reader saw a partial record.

Last line: the figure. Exit status: 0 where everything holds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from raasid.registry.errors import NotRegistered
from raasid.registry.fsck import fsck
from raasid.registry.names import Version
from raasid.registry.records import Route
from raasid.registry.registry import Registry

NAME = "ball_model"
DAY = 86_400.0
CLOCKS = (0.0, 0.0, 0.0, -DAY, DAY, 0.0, -3600.0, 0.0)
"""Clock error of each writer, seconds."""


class Event(NamedTuple):
    """One operation of a process."""

    what: str
    """alias, routes or version."""
    writes: bool
    start: int
    end: int
    """Nanoseconds of a clock shared by all processes."""
    position: int
    """Number of the record that was written or read; 0 if there was none yet."""
    value: str
    """What was written or read."""


def write(root: Path, number: int, seconds: float, notes: Path) -> None:
    """Change the registry, and record every event."""
    clock_error = CLOCKS[number % len(CLOCKS)]
    registry = Registry(root, author=f"writer {number}", clock=lambda: time.time() + clock_error)
    rng, events = random.Random(number), list[Event]()
    until = time.monotonic() + seconds
    version: Version | None = None
    while time.monotonic() < until:
        token = f"{number}/{len(events)}"
        kind = rng.choice(("version", "alias", "routes")) if version else "version"
        start = time.monotonic_ns()
        if kind == "version":
            version = registry.register(NAME, {"notes.txt": token.encode()}, reason=token)
            position, value = version.build, str(version)
        elif kind == "alias":
            assert version is not None
            position, value = registry.set_alias(NAME, "champion", version, token).seq, token
        else:
            route = Route(edition="*", name=NAME, version=str(version), share=1.0)
            position, value = registry.switch_routes([route], token).seq, token
        events.append(Event(kind, True, start, time.monotonic_ns(), position, value))
    notes.write_text(json.dumps(events))


def read(root: Path, number: int, seconds: float, notes: Path) -> None:
    """Read the registry, and record every event; a truncated record raises."""
    registry, events = Registry(root), list[Event]()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for kind, chain in (
            ("alias", registry.alias_history(NAME, "champion")),
            ("routes", registry.route_history()),
        ):
            start = time.monotonic_ns()
            head = chain.head()
            position, value = (head.seq, head.body["reason"]) if head else (0, "")
            events.append(Event(kind, False, start, time.monotonic_ns(), position, value))
        with suppress(NotRegistered):
            version = registry.resolve(NAME, "champion")
            registry.read(NAME, version, "notes.txt")
    notes.write_text(json.dumps(events))


def out_of_order(events: Iterable[Event]) -> list[str]:
    """Check that the numbered writes of one register are linearizable; return the violations.

    The order of the numbers must agree with the order of all events that did not overlap, and every read must
    return the value written under its number.
    """
    events = sorted(events, key=lambda event: event.start)
    values = {event.position: event.value for event in events if event.writes}
    wrong = [
        f"number {e.position} was written twice" for e in events if e.writes and values[e.position] != e.value
    ]
    wrong += [
        f"read {e.value!r} as number {e.position}"
        for e in events
        if not e.writes and e.position and values.get(e.position, e.value) != e.value
    ]
    by_end = sorted(events, key=lambda event: event.end)
    at, latest = 0, 0
    for event in events:
        while at < len(by_end) and by_end[at].end < event.start:
            latest = max(latest, by_end[at].position)
            at += 1
        if event.position < latest or (event.writes and event.position == latest):
            wrong.append(f"{event.value!r} is number {event.position}, after number {latest} was known")
    return wrong


def find_problems(root: Path, events: list[Event]) -> list[str]:
    """Return everything that is wrong."""
    wrong = [
        text for kind in ("alias", "routes") for text in out_of_order(e for e in events if e.what == kind)
    ]
    registry = Registry(root)
    there = registry.versions(NAME).names()
    registered = [event.value for event in events if event.what == "version"]
    if len(set(registered)) != len(registered):
        wrong.append(f"{len(registered) - len(set(registered))} version numbers were given twice")
    if {str(version) for version in there} != set(registered):
        wrong.append("the versions that are there are not those that were acknowledged")
    for day in {version.day for version in there}:
        builds = [version.build for version in there if version.day == day]
        if builds != list(range(1, len(builds) + 1)):
            wrong.append(f"{day}: builds are not dense")
    in_order = sorted((event for event in events if event.what == "version"), key=lambda event: event.start)
    for kind, chain in (
        ("alias", registry.alias_history(NAME, "champion")),
        ("routes", registry.route_history()),
    ):
        kept = {record.seq: record.body["reason"] for record in chain.newest_first()}
        lost = [e for e in events if e.what == kind and e.writes and kept.get(e.position) != e.value]
        wrong += [f"{kind} {event.value} is lost" for event in lost]
    late = [
        f"{after.value} was registered after {before.value}"
        for before, after in pairwise(in_order)
        if before.end < after.start and Version.parse(after.value) < Version.parse(before.value)
    ]
    return [*wrong, *late, *(str(finding) for finding in fsck(registry))]


def main() -> None:
    """Run writers and readers, and check what they recorded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=2)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        root = Path(folder, "registry")
        jobs = [(write, n) for n in range(args.writers)] + [(read, n) for n in range(args.readers)]
        notes = [Path(folder, f"{job.__name__}-{n}.json") for job, n in jobs]
        context = multiprocessing.get_context("fork")
        processes = [
            context.Process(target=job, args=(root, n, args.seconds, note))
            for (job, n), note in zip(jobs, notes, strict=True)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        failed = sum(process.exitcode != 0 for process in processes)
        events = [Event(*event) for note in notes if note.exists() for event in json.loads(note.read_text())]
        wrong = find_problems(root, events)
    for text in wrong[:20]:
        print(text, file=sys.stderr)
    writes = sum(event.writes for event in events)
    print(
        f"{args.writers} writers, {args.readers} readers, {args.seconds:g} s: {writes} changes, "
        f"{len(events) - writes} reads, {failed} processes failed, {len(wrong)} things wrong"
    )
    sys.exit(bool(wrong or failed or not writes))


if __name__ == "__main__":
    main()
