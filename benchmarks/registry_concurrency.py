"""Eight processes change a registry at once while two read: one order of events explains what all have seen.

Each writer registers versions, moves the champion and switches routes; some of their clocks are a day behind
or ahead. Each event is noted with the time before and after it. Checked: alias and route are linearizable
(Herlihy and Wing 1990), versions are dense and no number was given twice, nobody read half a record.

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
"""Seconds that a writer's clock is wrong."""


class Event(NamedTuple):
    """Something that one process did."""

    what: str
    """alias, routes or version."""
    writes: bool
    start: int
    end: int
    """Nanoseconds of a clock that all processes share."""
    position: int
    """Number of the record that was written or read; 0: there was none yet."""
    value: str
    """What was written, or read."""


def write(root: Path, number: int, seconds: float, notes: Path) -> None:
    """Change things, and note it."""
    wrong = CLOCKS[number % len(CLOCKS)]
    registry = Registry(root, author=f"writer {number}", clock=lambda: time.time() + wrong)
    chance, events = random.Random(number), list[Event]()
    until = time.monotonic() + seconds
    version: Version | None = None
    while time.monotonic() < until:
        token = f"{number}/{len(events)}"
        kind = chance.choice(("version", "alias", "routes")) if version else "version"
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
    """Look at things, and note it; a torn record raises."""
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
    """Check one register, whose writes got numbers: an event that began after another had ended comes later.

    The numbers are an order in which each write follows the one before; it explains what was seen if it
    agrees with the order of all events that did not overlap, and every read has the value of its number.
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


def judged(root: Path, events: list[Event]) -> list[str]:
    """Everything that is wrong."""
    wrong = [
        text for kind in ("alias", "routes") for text in out_of_order(e for e in events if e.what == kind)
    ]
    registry = Registry(root)
    there = registry.versions(NAME).names()
    given = [event.value for event in events if event.what == "version"]
    if len(set(given)) != len(given):
        wrong.append(f"{len(given) - len(set(given))} version numbers were given twice")
    if {str(version) for version in there} != set(given):
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
        kept = {link.seq: link.body["reason"] for link in chain.newest_first()}
        lost = [e for e in events if e.what == kind and e.writes and kept.get(e.position) != e.value]
        wrong += [f"{kind} {event.value} is lost" for event in lost]
    late = [
        f"{after.value} was registered after {before.value}"
        for before, after in pairwise(in_order)
        if before.end < after.start and Version.parse(after.value) < Version.parse(before.value)
    ]
    return [*wrong, *late, *(str(finding) for finding in fsck(registry))]


def main() -> None:
    """Start all of them, wait, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=2)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        root = Path(folder, "registry")
        jobs = [(write, n) for n in range(given.writers)] + [(read, n) for n in range(given.readers)]
        notes = [Path(folder, f"{job.__name__}-{n}.json") for job, n in jobs]
        context = multiprocessing.get_context("fork")
        processes = [
            context.Process(target=job, args=(root, n, given.seconds, note))
            for (job, n), note in zip(jobs, notes, strict=True)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        failed = sum(process.exitcode != 0 for process in processes)
        events = [Event(*event) for note in notes if note.exists() for event in json.loads(note.read_text())]
        wrong = judged(root, events)
    for text in wrong[:20]:
        print(text, file=sys.stderr)
    writes = sum(event.writes for event in events)
    print(
        f"{given.writers} writers, {given.readers} readers, {given.seconds:g} s: {writes} changes, "
        f"{len(events) - writes} reads, {failed} processes failed, {len(wrong)} things wrong"
    )
    sys.exit(bool(wrong or failed or not writes))


if __name__ == "__main__":
    main()
