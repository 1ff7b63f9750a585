"""Which checkpoint `ckpt_path=last` and `ckpt_path=best` mean, and where the run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

from raasid.config.run_dir import runs_of
from raasid.errors import UsageError


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
