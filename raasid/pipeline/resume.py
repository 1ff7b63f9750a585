"""Where `raasid train ckpt_path=…` starts, and what it refuses to continue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.config.run_dir import NAMED, StartingPoint, effective_values, find_runs
from raasid.console.terminal import err
from raasid.errors import UsageError
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.run_record import RunFinished, read_run, refuse_owned_run, run_lengths


class ResumeRefused(UsageError):
    """A checkpoint that was trained in another way than the configuration says."""

    def __init__(self, origin: str, differences: list[str], weights: Path | None) -> None:
        rows = "\n".join(f"  {line}" for line in differences)
        init_from = f"model.init_from='{weights}'" if weights else "model.init_from=FILE"
        super().__init__(
            f"training cannot continue from {origin}, which was configured in another way:\n{rows}\n"
            f"leave these as they were, or start a new training from its weights: {init_from}"
        )


def find_start(config: TrainConfig, digest: str, user_dir: Path | None) -> StartingPoint:
    """Return the checkpoint that `ckpt_path` means, and the directory in which the run continues.

    `last` is the newest run of this configuration (`run_hash`: its length, devices and loggers may differ),
    or the one in the user's own directory. Its last checkpoint need not exist yet; a finished
    one is continued in a new run if it is to be longer. `best` and a file always begin a new run.
    Raises RunFinished, ResumeRefused, LeaseHeld, UsageError.
    """
    which, trainings = str(config.ckpt_path), config.paths.logs / "train"
    if which not in NAMED:
        return _from_file(Path(which), config, user_dir)
    runs = [user_dir] if user_dir is not None and which == "last" else list(find_runs(trainings, digest))
    for run in runs:
        if which == "last" and run.is_dir():
            return _continue_run(run, config)
        if (run / "checkpoints" / "best.ckpt").is_file():
            return _from_file(run / "checkpoints" / "best.ckpt", config, user_dir)
    _refuse_newest_of_model(config, trainings)
    model = config.model.target.rpartition(".")[2]
    where = f"in '{user_dir}'" if user_dir is not None else f"below '{trainings}'"
    raise UsageError(
        f"ckpt_path={which}: no run of a {model} with this configuration {where}; "
        "start one without ckpt_path, or give the file itself, ckpt_path=FILE"
    )


def check_resumable(config: TrainConfig, checkpoint: Path) -> None:
    """Compare the configuration that a checkpoint recorded with the one to resume with.

    Raises ResumeRefused with a line for each setting that differs and must not; CheckpointUnusable.
    """
    from raasid.models.checkpoints import load_checkpoint

    recorded = load_checkpoint(checkpoint).get("config")
    if not isinstance(recorded, dict):
        raise UsageError(
            f"ckpt_path: {checkpoint} holds no configuration, so it was not written by `raasid train`; "
            f"start a new training from its weights: model.init_from='{checkpoint}'"
        )
    _check_same(config, recorded, str(checkpoint), checkpoint)


def _from_file(checkpoint: Path, config: TrainConfig, user_dir: Path | None) -> StartingPoint:
    checkpoint = checkpoint.absolute()
    run = checkpoint.parent.parent
    if user_dir is not None and user_dir.absolute() == run and read_run(run) is not None:
        return _continue_run(run, config)._replace(checkpoint=checkpoint)
    check_resumable(config, checkpoint)
    return StartingPoint(checkpoint, None)


def _continue_run(run: Path, config: TrainConfig) -> StartingPoint:
    last, record = (run / "checkpoints" / "last.ckpt").absolute(), read_run(run)
    exists = last.exists()  # a sharded one is a folder
    if record is not None:
        refuse_owned_run(run)
        _check_same(config, record.config, f"run {run.name}", last if exists else None)
        if record.finished is not None:
            if not exists or record.lengths() == run_lengths(config.recorded()):
                raise RunFinished(run, record)
            return StartingPoint(last, None)
    elif exists:
        check_resumable(config, last)
    if not exists:
        err().print(f"{run}: has no checkpoint yet, and starts from the beginning", markup=False)
    return StartingPoint(last, run)


def _refuse_newest_of_model(config: TrainConfig, trainings: Path) -> None:
    """Say what differs from the newest run that could have been meant."""
    for run in find_runs(trainings):
        record = read_run(run)
        if record is not None and record.config.get("model", {}).get("_target_") == config.model.target:
            last = run / "checkpoints" / "last.ckpt"
            _check_same(config, record.config, f"run {run.name}", last if last.exists() else None)


def _check_same(
    config: TrainConfig, recorded: Mapping[str, Any], origin: str, checkpoint: Path | None
) -> None:
    wanted, there = effective_values(config), effective_values(config, recorded)
    differences = [
        f"{key}: {_shown(wanted, key)} now, {_shown(there, key)} there"
        for key in [*wanted, *(key for key in there if key not in wanted)]
        if wanted.get(key, _MISSING) != there.get(key, _MISSING)
    ]
    if differences:
        raise ResumeRefused(origin, differences, checkpoint)


_MISSING = object()


def _shown(values: Mapping[str, Any], key: str) -> str:
    return str(values[key]) if key in values else "not set"
