"""Run directories: `logs/<verb>/<date>_<time>_<hash>`, one for each run, never shared.

Six letters that name a configuration.

Which checkpoint `ckpt_path=last` and `ckpt_path=best` mean, and where the run goes on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

import yaml

from raasid.config.section import Section
from raasid.errors import UsageError

_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_([0-9a-f]{6})(?:_(\d+))?")


def claim_run_dir(parent: Path, digest: str, suffix: str = "", now: datetime | None = None) -> Path:
    """Create a directory that no other run has, whatever starts in the same second, and return it.

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


def runs_of(parent: Path, digest: str | None = None) -> Iterator[Path]:
    """Yield the runs below `parent`, the newest first; with `digest` only those of one configuration."""
    found = []
    for run in parent.iterdir() if parent.is_dir() else ():
        name = _NAME.fullmatch(run.name)
        if name is not None and digest in (None, name[2]):
            found.append((name[1], int(name[3] or 1), run))
    yield from (run for *_, run in sorted(found, reverse=True))


NOT_IN_HASH = frozenset({"paths", "ckpt_path", "tags"})
"""Where a run lies, where it continues and what it is called do not change what it computes."""


def run_hash(config: Section) -> str:
    """Return the first 6 hex digits of the SHA-256 of the configuration's canonical JSON."""
    plain = config.model_dump(mode="json", by_alias=True, exclude=set(NOT_IN_HASH))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:6]


class Resumption(NamedTuple):
    """A checkpoint to start from."""

    checkpoint: Path
    run_dir: Path | None
    """The directory in which the run continues; None: a new one."""


def find_checkpoint(
    which: str, trainings: Path, digest: str | None, target: str | None, asked: Path | None = None
) -> Resumption:
    """Find what `which`, "last" or "best", names.

    trainings: folder of the training runs. digest: the configuration's hash, target: its model's class;
    None where neither matters (evaluation). asked: the user's own `hydra.run.dir`.
    "last" goes on in the directory of a run with the same configuration; otherwise, and for "best", the
    run is a new one. Raises UsageError that says where it looked.
    """
    name = f"checkpoints/{which}.ckpt"
    continues = which == "last" and digest is not None
    if asked is not None and continues and (asked / name).is_file():
        return Resumption((asked / name).absolute(), asked)
    for run in runs_of(trainings, digest):
        if (run / name).is_file():
            return Resumption((run / name).absolute(), run if continues and asked is None else None)
    for run in runs_of(trainings):
        if (run / name).is_file() and target in (None, _model_of(run)):
            return Resumption((run / name).absolute(), None)
    places = [f"in '{asked}'"] * (asked is not None) + [f"below '{trainings}'"]
    of_model = f" of a {target.rpartition('.')[2]}" if target else ""
    raise UsageError(
        f"ckpt_path={which}: no {name}{of_model} {' or '.join(places)}; give the file itself, ckpt_path=FILE"
    )


def _model_of(run: Path) -> str | None:
    """Return the `_target_` of the model that a run trained; None where that cannot be read."""
    try:
        recorded = yaml.safe_load((run / ".hydra" / "config.yaml").read_text(encoding="utf-8"))
        return str(recorded["model"]["_target_"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return None
