"""Run directories: which one a run gets, and which checkpoint it starts from.

`logs/<verb>/<date>_<time>_<hash>` belongs to one run; with `ckpt_path=last` a run continues in the directory
of the earlier one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from hydra.core.override_parser.types import Quote, QuotedString

from raasid.config.preflight import ValidatedCommand
from raasid.config.rank_rendezvous import rank_info
from raasid.config.section import Section
from raasid.errors import RaasidError, UsageError


class PlacedRun(NamedTuple):
    """What a run is started with, the same in every process of it."""

    overrides: list[str]
    """As typed, `ckpt_path=last` and `best` replaced by the file."""
    hydra_overrides: list[str]
    """They name the run directory."""
    directory: Path | None = None
    """Of the run or sweep; None in another process than that of rank 0."""


class StartingPoint(NamedTuple):
    """Where a run starts."""

    checkpoint: Path | None
    """None: at the beginning."""
    run_dir: Path | None
    """The directory in which the run continues; None: a new one."""


class FindStart(Protocol):
    """Resolves the `ckpt_path` of a verb that resumes runs; it refuses what cannot be resumed."""

    def __call__(self, config: Any, digest: str, user_dir: Path | None) -> StartingPoint:
        """Return the starting point; digest: `run_hash`, user_dir: the user's own `hydra.run.dir`."""


def place_run(
    verb: str, command: ValidatedCommand[Any], overrides: list[str], find_start: FindStart | None = None
) -> PlacedRun:
    """Find the checkpoint and claim the run directory.

    Of several processes started together, rank 0 decides and the others wait for its decision.
    find_start: of a verb that resumes runs; the others read the newest training's checkpoint.
    """
    rank = rank_info(os.environ)
    if rank is None or command.multirun:
        return _place(verb, command, overrides, find_start)
    folder = Path(command.config.paths.logs) / verb
    if rank.rank == 0:
        try:
            placed = _place(verb, command, overrides, find_start)
        except RaasidError as error:
            rank.publish_refusal(folder, error)
            raise
        rank.publish(folder, [*placed.overrides, *placed.hydra_overrides])
        return placed
    decided = rank.wait_for_rank0(folder)
    return PlacedRun(decided, [f"hydra.job.name={verb}_rank_{rank.rank}", "hydra.output_subdir=null"])


def _place(
    verb: str, command: ValidatedCommand[Any], overrides: list[str], find_start: FindStart | None
) -> PlacedRun:
    config, logs = command.config, Path(command.config.paths.logs)
    user_dir = Path(command.run_dir) if command.run_dir else None
    digest, run_dir = run_hash(config), user_dir
    start = _start(command, digest, user_dir, find_start)
    if start is not None:
        found = "null" if start.checkpoint is None else quote_path(start.checkpoint)
        overrides = [
            f"ckpt_path={found}" if text.partition("=")[0] == "ckpt_path" else text for text in overrides
        ]
        run_dir = run_dir or start.run_dir
    if user_dir is not None:
        return PlacedRun(overrides, [], user_dir)
    if command.study is not None:  # the same command goes on in the same folder
        study = logs / "sweep" / command.study
        name = QuotedString(command.study, Quote.single).with_quotes()
        return PlacedRun(
            overrides, [f"hydra.sweep.dir={quote_path(study)}", f"hydra.sweeper.study_name={name}"], study
        )
    if run_dir is None:
        run_dir = claim_run_dir(logs / verb, digest, "_sweep" if command.multirun else "")
    kind = "sweep" if command.multirun else "run"
    return PlacedRun(overrides, [f"hydra.{kind}.dir={quote_path(run_dir)}"], run_dir)


def _start(
    command: ValidatedCommand[Any], digest: str, user_dir: Path | None, find_start: FindStart | None
) -> StartingPoint | None:
    which = getattr(command.config, "ckpt_path", None)
    if which is None:
        return None
    if find_start is None:
        trainings = Path(command.config.paths.logs) / "train"
        return StartingPoint(newest_checkpoint(which, trainings), None) if which in NAMED else None
    if not command.multirun:
        return find_start(command.config, digest, user_dir)
    if which in NAMED:  # every job of a sweep has a configuration of its own, and checks the file by itself
        raise UsageError(
            f"ckpt_path={which} means one run, and this is a sweep; give the file, ckpt_path=FILE"
        )
    return None


NAMED = ("last", "best")
"""Values of `ckpt_path` that are no files."""


def quote_path(path: Path) -> str:
    """Return a path as an override's value that Hydra reads as it is."""
    return QuotedString(str(path), Quote.single).with_quotes()


def claim_run_dir(parent: Path, digest: str, suffix: str = "", now: datetime | None = None) -> Path:
    """Create and return a directory that no other run has, even one that starts in the same second.

    mkdir either creates or fails, on shared filesystems too; the loser takes `_2`, `_3`, and so on.
    """
    parent.mkdir(parents=True, exist_ok=True)
    stem = f"{now or datetime.now():%Y-%m-%d_%H-%M-%S}_{digest}{suffix}"
    for number in count(1):
        run = parent / (stem if number == 1 else f"{stem}_{number}")
        try:
            run.mkdir()
        except FileExistsError:
            continue
        return run
    raise AssertionError("count never ends")


def run_hash(config: Section) -> str:
    """Return the first 6 hex digits of the SHA-256 of what the configuration says about the computation."""
    text = json.dumps(effective_values(config), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def effective_values(config: Section, recorded: Any = None) -> dict[str, Any]:
    """Return the values that change what a run computes, by dotted key; lists are values.

    recorded: plain values of an earlier run's configuration, to be read by the same rule.
    """
    plain = config.model_dump(mode="json", by_alias=True) if recorded is None else recorded
    patterns = type(config).without_effect
    return {
        # a version of a dataset is compared by content, when it is open
        key: str(value).partition("@")[0] if key == "data.dataset" else value
        for key, value in _flatten(plain, "")
        if not any(fnmatchcase(key, p) or fnmatchcase(key, f"{p}.*") for p in patterns)
    }


def _flatten(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flatten(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


_RUN_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_([0-9a-f]{6})(?:_(\d+))?")


def find_runs(parent: Path, digest: str | None = None) -> Iterator[Path]:
    """Yield the runs below `parent`, the newest first; with `digest` only those of one configuration."""
    found = []
    for run in parent.iterdir() if parent.is_dir() else ():
        name = _RUN_NAME.fullmatch(run.name)
        if name is not None and digest in (None, name[2]):
            found.append((name[1], int(name[3] or 1), run))
    yield from (run for *_, run in sorted(found, reverse=True))


def newest_checkpoint(which: str, trainings: Path) -> Path:
    """Return the checkpoint that "last" or "best" of the newest training means, of whatever configuration.

    Raises UsageError that says where it searched.
    """
    name = f"checkpoints/{which}.ckpt"
    for run in find_runs(trainings):
        if (run / name).is_file():
            return (run / name).absolute()
    raise UsageError(
        f"ckpt_path={which}: no {name} below '{trainings}'; give the file itself, ckpt_path=FILE"
    )
