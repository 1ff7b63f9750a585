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
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from hydra.core.override_parser.types import Quote, QuotedString

from raasid.config.preflight import ValidatedCommand
from raasid.config.rank_rendezvous import rank_info
from raasid.config.section import Section
from raasid.errors import UsageError


class PlacedRun(NamedTuple):
    """What a run is started with, the same in every process of it."""

    overrides: list[str]
    """As typed, `ckpt_path=last` and `best` replaced by the file."""
    hydra_overrides: list[str]
    """They name the run directory."""


def place_run(verb: str, command: ValidatedCommand[Any], overrides: list[str]) -> PlacedRun:
    """Find the checkpoint and claim the run directory.

    Of several processes started together, rank 0 decides and the others wait for its decision.
    """
    rank = rank_info(os.environ)
    if rank is None or command.multirun:
        return _place(verb, command, overrides)
    folder = Path(command.config.paths.logs) / verb
    if rank.rank == 0:
        placed = _place(verb, command, overrides)
        rank.publish(folder, [*placed.overrides, *placed.hydra_overrides])
        return placed
    decided = rank.wait_for_rank0(folder)
    return PlacedRun(decided, [f"hydra.job.name={verb}_rank_{rank.rank}", "hydra.output_subdir=null"])


def _place(verb: str, command: ValidatedCommand[Any], overrides: list[str]) -> PlacedRun:
    config, logs = command.config, Path(command.config.paths.logs)
    user_dir = Path(command.run_dir) if command.run_dir else None
    digest, run_dir = run_hash(config), user_dir
    if getattr(config, "ckpt_path", None) in ("last", "best"):
        training = verb == "train"
        target = str(config.model.target) if training else None
        found = find_checkpoint(
            config.ckpt_path, logs / "train", digest if training else None, target, user_dir
        )
        overrides = [
            f"ckpt_path={_quote(found.checkpoint)}" if text.partition("=")[0] == "ckpt_path" else text
            for text in overrides
        ]
        run_dir = run_dir or found.run_dir
    if user_dir is not None:
        return PlacedRun(overrides, [])
    if run_dir is None:
        run_dir = claim_run_dir(logs / verb, digest, "_sweep" if command.multirun else "")
    kind = "sweep" if command.multirun else "run"
    return PlacedRun(overrides, [f"hydra.{kind}.dir={_quote(run_dir)}"])


def _quote(path: Path) -> str:
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


_NOT_IN_HASH = frozenset({"paths", "ckpt_path", "tags"})
"""Where a run is stored, where it continues and what it is called do not change what it computes."""


def run_hash(config: Section) -> str:
    """Return the first 6 hex digits of the SHA-256 of the configuration's canonical JSON."""
    plain = config.model_dump(mode="json", by_alias=True, exclude=set(_NOT_IN_HASH))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:6]


_RUN_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_([0-9a-f]{6})(?:_(\d+))?")


def find_runs(parent: Path, digest: str | None = None) -> Iterator[Path]:
    """Yield the runs below `parent`, the newest first; with `digest` only those of one configuration."""
    found = []
    for run in parent.iterdir() if parent.is_dir() else ():
        name = _RUN_NAME.fullmatch(run.name)
        if name is not None and digest in (None, name[2]):
            found.append((name[1], int(name[3] or 1), run))
    yield from (run for *_, run in sorted(found, reverse=True))


class StartingPoint(NamedTuple):
    """A checkpoint to start from."""

    checkpoint: Path
    run_dir: Path | None
    """The directory in which the run continues; None: a new one."""


def find_checkpoint(
    which: str, trainings: Path, digest: str | None, target: str | None, user_dir: Path | None = None
) -> StartingPoint:
    """Find the checkpoint that `which`, "last" or "best", means.

    trainings: folder of the training runs. digest: the configuration's hash, target: its model's class;
    None where neither matters (evaluation). user_dir: the user's own `hydra.run.dir`.
    "last" continues in the directory of a run with the same configuration; otherwise, and for "best", the
    run is a new one. Raises UsageError that says where it searched.
    """
    name = f"checkpoints/{which}.ckpt"
    continues = which == "last" and digest is not None
    if user_dir is not None and continues and (user_dir / name).is_file():
        return StartingPoint((user_dir / name).absolute(), user_dir)
    for run in find_runs(trainings, digest):
        if (run / name).is_file():
            return StartingPoint((run / name).absolute(), run if continues and user_dir is None else None)
    for run in find_runs(trainings):
        if (run / name).is_file() and target in (None, _model_target(run)):
            return StartingPoint((run / name).absolute(), None)
    searched = [f"in '{user_dir}'"] * (user_dir is not None) + [f"below '{trainings}'"]
    of_model = f" of a {target.rpartition('.')[2]}" if target else ""
    raise UsageError(
        f"ckpt_path={which}: no {name}{of_model} {' or '.join(searched)}; "
        "give the file itself, ckpt_path=FILE"
    )


def _model_target(run: Path) -> str | None:
    """Return the `_target_` of the model that a run trained; None if it cannot be read."""
    try:
        recorded = yaml.safe_load((run / ".hydra" / "config.yaml").read_text(encoding="utf-8"))
        return str(recorded["model"]["_target_"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return None
