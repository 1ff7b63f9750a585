"""Nothing that was acknowledged is lost, whenever the process is killed.

A process registers versions, sets aliases and switches routes as fast as it can, and tells what was done by a
pipe; it is killed (SIGKILL) after a random time, and the next one goes on in the same registry. In the end:
acknowledged changes lost, versions or files unreadable, numbers given twice, gaps, findings of fsck.

Last line: the figure. Exit status: 0 where all of them are zero.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from raasid.registry.errors import NotRegistered, RegistryDamaged
from raasid.registry.fsck import fsck
from raasid.registry.names import Version
from raasid.registry.records import Route
from raasid.registry.registry import Registry

NAME = "ball_model"
LONGEST_S = 0.05
_CARD = b'{"format": 1}'


def work(root: Path, seed: int, told: int) -> None:
    """Change things until somebody kills this process; a line for each change that was acknowledged."""
    chance, registry = random.Random(seed), Registry(root, author=f"worker {seed}")
    version = registry.versions(NAME).latest()
    for number in range(1_000_000):
        token = f"{seed}/{number}"
        kind = chance.choice(("register", "alias", "routes")) if version is not None else "register"
        done: dict[str, Any] = {"kind": kind, "token": token}
        if kind == "register":
            version = registry.register(NAME, {"card.json": _CARD, "notes.txt": token.encode()}, reason=token)
            done["version"] = str(version)
        elif kind == "alias":
            assert version is not None
            done["seq"] = registry.set_alias(NAME, "champion", version, token).seq
        else:
            route = Route(edition="*", name=NAME, version=str(version), share=1.0)
            done["seq"] = registry.switch_routes([route], token).seq
        os.write(told, json.dumps(done).encode() + b"\n")


def round_of(root: Path, seed: int, after_s: float) -> list[dict[str, Any]]:
    """Let a process work and kill it; return what it has acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with suppress(BaseException):
            work(root, seed, writing)
        os._exit(9)
    os.close(writing)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        sys.exit("a worker failed before it was killed")
    with os.fdopen(reading, "rb") as pipe:
        return [json.loads(line) for line in pipe.read().splitlines(keepends=True) if line.endswith(b"\n")]


def judged(root: Path, told: list[dict[str, Any]]) -> dict[str, int]:
    """Count what is wrong."""
    registry = Registry(root)
    versions = registry.versions(NAME)
    lost = unreadable = 0
    aliases = {link.seq: link.body["reason"] for link in registry.alias_history(NAME, "champion").newest_first()}
    routes = {link.seq: link.body["reason"] for link in registry.route_history().newest_first()}
    for done in told:
        if done["kind"] == "register":
            try:
                lost += versions.manifest(Version.parse(done["version"])).reason != done["token"]
            except NotRegistered:
                lost += 1
            except RegistryDamaged:
                unreadable += 1
        else:
            lost += (aliases if done["kind"] == "alias" else routes).get(done["seq"]) != done["token"]
    there = list(versions.newest_first())
    for version in there:
        for member in ("card.json", "notes.txt"):
            try:
                registry.read(NAME, version, member)
            except RegistryDamaged:
                unreadable += 1
    given = Counter(done["version"] for done in told if done["kind"] == "register")
    last = {day: max(v.build for v in there if v.day == day) for day in {v.day for v in there}}
    return {
        "lost": lost,
        "unreadable": unreadable,
        "duplicates": sum(count - 1 for count in given.values()),
        "gaps": sum(last.values()) - len(there),
        "findings": len(fsck(registry)),
    }


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with TemporaryDirectory() as folder:
        told: list[dict[str, Any]] = []
        for number in range(given.rounds):
            told += round_of(Path(folder, "registry"), number, chance.uniform(0.0, LONGEST_S))
            if (number + 1) % 500 == 0:
                print(f"{number + 1} kills, {len(told)} changes acknowledged", file=sys.stderr)
        wrong = judged(Path(folder, "registry"), told)
    counted = ", ".join(f"{count} {name}" for name, count in wrong.items())
    print(f"{given.rounds} kills, {len(told)} changes acknowledged: {counted}")
    sys.exit(any(wrong.values()) or not told)


if __name__ == "__main__":
    main()
