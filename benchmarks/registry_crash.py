"""No acknowledged change is lost, whenever the process is killed.

A process registers versions, sets aliases and switches routes as fast as it can, and reports each change
through a pipe; it is killed (SIGKILL) after a random time, and the next one continues in the same registry.
Counted at the end: lost changes, unreadable versions or files, duplicate numbers, gaps, findings of fsck.

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
MAX_ROUND_S = 0.05
_CARD = b'{"format": 1}'


def work(root: Path, seed: int, pipe: int) -> None:
    """Change the registry until this process is killed; write a line for each acknowledged change."""
    rng, registry = random.Random(seed), Registry(root, author=f"worker {seed}")
    version = registry.versions(NAME).latest()
    for number in range(1_000_000):
        token = f"{seed}/{number}"
        kind = rng.choice(("register", "alias", "routes")) if version is not None else "register"
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
        os.write(pipe, json.dumps(done).encode() + b"\n")


def run_round(root: Path, seed: int, after_s: float) -> list[dict[str, Any]]:
    """Run a worker, kill it, and return what it acknowledged."""
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


def count_problems(root: Path, acknowledged: list[dict[str, Any]]) -> dict[str, int]:
    """Count what is wrong, by kind."""
    registry = Registry(root)
    versions = registry.versions(NAME)
    lost = unreadable = 0
    aliases = {
        link.seq: link.body["reason"] for link in registry.alias_history(NAME, "champion").newest_first()
    }
    routes = {link.seq: link.body["reason"] for link in registry.route_history().newest_first()}
    for done in acknowledged:
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
    numbers = Counter(done["version"] for done in acknowledged if done["kind"] == "register")
    last = {day: max(v.build for v in there if v.day == day) for day in {v.day for v in there}}
    return {
        "lost": lost,
        "unreadable": unreadable,
        "duplicates": sum(count - 1 for count in numbers.values()),
        "gaps": sum(last.values()) - len(there),
        "findings": len(fsck(registry)),
    }


def main() -> None:
    """Run all rounds and count problems."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with TemporaryDirectory() as folder:
        acknowledged: list[dict[str, Any]] = []
        for number in range(args.rounds):
            acknowledged += run_round(Path(folder, "registry"), number, rng.uniform(0.0, MAX_ROUND_S))
            if (number + 1) % 500 == 0:
                print(f"{number + 1} kills, {len(acknowledged)} changes acknowledged", file=sys.stderr)
        problems = count_problems(Path(folder, "registry"), acknowledged)
    summary = ", ".join(f"{count} {name}" for name, count in problems.items())
    print(f"{args.rounds} kills, {len(acknowledged)} changes acknowledged: {summary}")
    sys.exit(any(problems.values()) or not acknowledged)


if __name__ == "__main__":
    main()
