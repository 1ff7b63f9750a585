"""The start of a run: check the command line, claim a directory, hand over to Hydra, report how it ended.

What Hydra calls: it turns a composed configuration into a typed one and runs the verb with it.
"""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig

from raasid.config.compose import VERSION_BASE, Composer, conf_dir
from raasid.config.error_messages import ConfigProblems
from raasid.config.preflight import Cleared, preflight
from raasid.config.rank_rendezvous import launched
from raasid.config.run_dir import claim_run_dir, find_checkpoint, run_hash
from raasid.config.validation import validate
from raasid.errors import Exit, RaasidError
from raasid.lazy import load_object


class Job:
    """One verb as Hydra's task function; it can be pickled, for launchers that run jobs elsewhere.

    function, schema: `module:name`; the function takes the typed configuration and the run's directory
    (absolute, there already). argv: what `sys.argv` is while the verb runs, because Lightning
    starts the other processes of a DDP run with these words. alone: not one of several jobs; then an
    error for the user ends the process here, quietly and with its own status. In a sweep it goes to
    the sweeper, which decides whether the other jobs go on.
    """

    def __init__(self, function: str, schema: str, argv: list[str], alone: bool) -> None:
        self.function, self.schema, self.argv, self.alone = function, schema, argv, alone

    def __call__(self, cfg: DictConfig) -> Any:
        """Validate and run; returns what the verb returns, which is what a sweeper optimises."""
        sys.argv = list(self.argv)
        try:
            config = validate(load_object(self.schema), cfg)
            return load_object(self.function)(config, Path(HydraConfig.get().runtime.output_dir))
        except RaasidError as error:
            if not self.alone:
                raise
            sys.stdout.flush()
            sys.stderr.write(f"error: {error}\n")
            sys.exit(error.exit)


INTERRUPTED = 130


class Launchable(Protocol):
    """A verb: where its function and its schema are, as `module:name`."""

    @property
    def function(self) -> str: ...  # noqa: D102
    @property
    def schema(self) -> str: ...  # noqa: D102


def launch(verb: str, entry: Launchable, typed: list[str]) -> None:
    """Run `sys.argv` as one run or sweep of a verb; leave by SystemExit unless all went well.

    typed: words between the program and its arguments, which a process started again needs too.
    """
    program, line = sys.argv[0], _read(verb)
    placed: list[str] = []
    alone = not line.multirun
    try:
        if not _is_child(line.overrides):
            cleared = _clear(entry, line)
            alone = not cleared.multirun
            placed = _place_together(verb, cleared, line)
        words = [*line.flags(), *line.overrides]
        job = Job(entry.function, entry.schema, [program, *typed, *words], alone)
        sys.argv = [program, *words, *placed]
        os.environ["HYDRA_FULL_ERROR"] = "1"  # so that errors come here, and not into Hydra's exit status 1
        hydra.main(version_base=VERSION_BASE, config_path=str(line.conf), config_name=line.name)(job)()
    except ConfigProblems as error:  # every process of a start finds the same; one of them says so
        here = launched(os.environ)
        _leave("" if here is not None and here.rank else f"error: {error}", error.exit)
    except RaasidError as error:
        _leave(f"error: {error}", error.exit)
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED)
    except Exception as error:  # the last line of defence: whatever a job raises is shown, and is a failure
        _leave("".join(_own_part(error)).rstrip(), Exit.FAILED)


def refuse(verb: str, entry: Launchable) -> None:
    """Leave with all problems of a command line that Hydra could not compose; return if there are none."""
    try:
        _clear(entry, _read(verb))
    except ConfigProblems as error:
        _leave(f"error: {error}", error.exit)


@dataclass(slots=True)
class Line:
    """A command line, taken apart."""

    conf: Path
    name: str
    config_dir: str | None
    multirun: bool
    overrides: list[str]
    elsewhere: bool
    """Whether the configuration is the user's own, not the one that ships."""

    def flags(self) -> list[str]:
        """Return the options, for a process that reads them again."""
        folders = ["--config-dir", self.config_dir] if self.config_dir else []
        own = ["--config-path", str(self.conf), "--config-name", self.name] if self.elsewhere else []
        return ["-m"] * self.multirun + folders + own


def _read(verb: str) -> Line:
    parser = get_args_parser()
    parser.allow_abbrev = False  # half an option must not become a run
    found = parser.parse_intermixed_args(sys.argv[1:])
    elsewhere = bool(found.config_path or found.config_name)
    conf = Path(found.config_path).absolute() if found.config_path else conf_dir()
    return Line(conf, found.config_name or verb, found.config_dir, found.multirun, found.overrides, elsewhere)


def _clear(entry: Launchable, line: Line) -> Cleared[Any]:
    searchpath = [f"file://{Path(line.config_dir).absolute()}"] if line.config_dir else []
    with Composer(line.conf, line.name, searchpath) as composer:
        return preflight(load_object(entry.schema), composer, line.overrides, line.multirun)


def _is_child(overrides: list[str]) -> bool:
    """Whether Lightning started this process as a further rank of a run that has its directory already."""
    return "LOCAL_RANK" in os.environ and any(
        "hydra.job.name=train_ddp_process_" in word for word in overrides
    )


def _place_together(verb: str, cleared: Cleared[Any], line: Line) -> list[str]:
    """Let one process of those started together decide where the run lies; return the overrides."""
    here, folder = launched(os.environ), Path(cleared.config.paths.logs) / verb
    if here is None or cleared.multirun:
        return _place(verb, cleared, line)
    if here.rank == 0:
        placed = _place(verb, cleared, line)
        here.tell(folder, [*line.overrides, *placed])
        return placed
    line.overrides = here.hear(folder)
    return [f"hydra.job.name={verb}_rank_{here.rank}", "hydra.output_subdir=null"]


def _place(verb: str, cleared: Cleared[Any], line: Line) -> list[str]:
    """Find the checkpoint and claim the directory; return the overrides that say so.

    The checkpoint is written into `line`, so that every process of the run gets the same one.
    """
    config, logs = cleared.config, Path(cleared.config.paths.logs)
    asked = Path(cleared.run_dir) if cleared.run_dir else None
    digest, run_dir = run_hash(config), asked
    if getattr(config, "ckpt_path", None) in ("last", "best"):
        training = verb == "train"
        target = str(config.model.target) if training else None
        found = find_checkpoint(config.ckpt_path, logs / "train", digest if training else None, target, asked)
        line.overrides = [
            f"ckpt_path={_quoted(found.checkpoint)}" if word.partition("=")[0] == "ckpt_path" else word
            for word in line.overrides
        ]
        run_dir = run_dir or found.run_dir
    if asked is not None:
        return []
    kind = "sweep" if cleared.multirun else "run"
    if run_dir is None:
        run_dir = claim_run_dir(logs / verb, digest, "_sweep" if cleared.multirun else "")
    return [f"hydra.{kind}.dir={_quoted(run_dir)}"]


def _quoted(path: Path) -> str:
    return QuotedString(str(path), Quote.single).with_quotes()


def _own_part(error: Exception) -> list[str]:
    """Format a traceback from the verb on: what lies above it is Hydra's and ours."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not Job.__call__.__code__:
        trace = trace.tb_next
    below = trace.tb_next if trace is not None and trace.tb_next is not None else error.__traceback__
    return traceback.format_exception(type(error), error, below)


def _leave(message: str, code: int) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{message}\n" if message else "")
    sys.exit(code)
