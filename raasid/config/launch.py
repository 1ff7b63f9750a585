"""Start a run: check the command line, claim a run directory, hand over to Hydra, report how it ended."""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import hydra
import hydra.core.utils
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, read_write

from raasid.config import VERSION_BASE, conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.error_messages import ConfigProblems
from raasid.config.preflight import ValidatedCommand, preflight
from raasid.config.rank_rendezvous import rank_info
from raasid.config.run_dir import place_run
from raasid.config.validation import validate
from raasid.console.terminal import print_error
from raasid.errors import Exit, RaasidError, Stopped
from raasid.io.atomic import write_atomic
from raasid.io.disk_full import DiskFull, find_refusal, naming_full_disk
from raasid.lazy import load_object

SWEEP = "sweep"
"""The verb that is always several jobs."""


def _save_config(cfg: Any, filename: str, output_dir: Path) -> None:
    write_atomic(output_dir / filename, OmegaConf.to_yaml(cfg))


def write_hydra_output_atomically() -> None:
    """Let Hydra write its record of a run, `.hydra/*.yaml`, as all our files are: complete or not at all.

    Hydra itself truncates the file of an earlier start before it writes, so that a full disk would take the
    configuration from a run that is to be resumed.
    """
    hydra.core.utils._save_config = _save_config


class VerbSpec(Protocol):
    """Where a verb's function, its schema, its `FindStart` and its `finish_best` are, as `module:name`."""

    @property
    def function(self) -> str: ...  # noqa: D102
    @property
    def schema(self) -> str: ...  # noqa: D102
    @property
    def find_start(self) -> str | None: ...  # noqa: D102
    @property
    def finish_best(self) -> str | None: ...  # noqa: D102


def launch(verb: str, spec: VerbSpec, prefix: list[str]) -> None:
    """Run `sys.argv` as one run or sweep of a verb; leave by SystemExit unless all went well.

    prefix: words between the program and its arguments, which a process started again needs too.
    """
    program, line = sys.argv[0], _read_command_line(verb)
    overrides, hydra_overrides = line.overrides, list[str]()
    single_run = not line.multirun
    try:
        _handle_early_signals()
        if _is_ddp_child(overrides):
            line.multirun, single_run = False, True  # of a sweep it belongs to one job
        else:
            command = _preflight(spec, line)
            single_run = not command.multirun
            find_start = None
            if spec.find_start is not None and command.config.ckpt_path is not None:
                find_start = load_object(spec.find_start)
            overrides, hydra_overrides, _ = place_run(verb, command, overrides, find_start)
        arguments = [*line.flags(), *overrides]
        of_all_jobs = [*line.flags(), *overrides] if single_run else line.flags(multirun=False)
        argv = [program, *prefix, *of_all_jobs]
        job = Job(verb, spec.function, spec.schema, argv, single_run, line.flags(multirun=False))
        job.finish_best = spec.finish_best
        sys.argv = [program, *arguments, *hydra_overrides]
        write_hydra_output_atomically()
        logging.raiseExceptions = False  # a log that a full disk refuses must not fill the terminal instead
        os.environ["HYDRA_FULL_ERROR"] = "1"  # so that errors come here, and not into Hydra's exit status 1
        hydra.main(version_base=VERSION_BASE, config_path=str(line.conf), config_name=line.name)(job)()
    except ConfigProblems as error:  # every process of a start finds the same; one of them reports
        rank = rank_info(os.environ)
        _leave("" if rank is not None and rank.rank else f"error: {error}", error.exit)
    except RaasidError as error:
        _leave(f"error: {error}" if error.exit else str(error), error.exit)
    except Stopped as stopped:
        _leave(str(stopped), stopped.exit)
    except KeyboardInterrupt:
        _leave("interrupted", Exit.INTERRUPTED)
    except Exception as error:  # the last line of defence: whatever a job raises is shown, and is a failure
        if (refusal := find_refusal(error)) is not None:
            _leave(f"error: {DiskFull(Path.cwd(), refusal)}", Exit.FAILED)
        _leave("".join(_traceback_of_job(error)).rstrip(), Exit.FAILED)


def exit_with_problems(verb: str, spec: VerbSpec) -> None:
    """Leave with all problems of a command line that Hydra could not compose; return if there are none."""
    try:
        _preflight(spec, _read_command_line(verb))
    except ConfigProblems as error:
        _leave(f"error: {error}", error.exit)


class Job:
    """One verb as Hydra's task function; it can be pickled, for launchers that run jobs elsewhere.

    verb: with which a launcher elsewhere starts it. function, schema: `module:name`; the function takes the
    typed configuration and the run's directory (absolute, existing). argv: `sys.argv` while the verb runs,
    with which Lightning starts the other processes of a DDP run; one of several jobs adds its own overrides.
    options: of the command line, such as `--config-dir`. single_run: not one of several jobs; then an error
    for the user ends the process here, without a traceback and with its own status. In a sweep it goes to the
    sweeper, which decides whether the other jobs go on.
    """

    def __init__(
        self,
        verb: str,
        function: str,
        schema: str,
        argv: list[str],
        single_run: bool,
        options: Sequence[str] = (),
    ) -> None:
        self.verb, self.function, self.schema = verb, function, schema
        self.argv, self.single_run, self.options = argv, single_run, options
        self.finish_best: str | None = None
        """`module:name` of a function for the best of several jobs; see `for_best`."""
        self.best: Any = None

    def for_best(self, trial: Any) -> Job | None:
        """Return what a sweep runs in the directory of its best trial once all have ended; None: nothing.

        trial: passed to the function `finish_best`, after the trial's configuration and directory.
        """
        if self.finish_best is None:
            return None
        job = Job(self.verb, self.finish_best, self.schema, self.argv, self.single_run, self.options)
        job.best = trial
        return job

    def __call__(self, cfg: DictConfig) -> Any:
        """Validate and run; returns what the verb returns, which is what a sweeper optimises."""
        sys.argv = self.argv + ([] if self.single_run else _name_this_job())
        try:
            config = validate(load_object(self.schema), cfg)
            run_dir = Path(HydraConfig.get().runtime.output_dir)
            with naming_full_disk(run_dir):
                best = [] if self.best is None else [self.best]
                returned = load_object(self.function)(config, run_dir, *best)
            _report({"value": returned})
            return returned
        except Stopped as stopped:  # ends a sweep as well
            _leave(str(stopped), stopped.exit)
        except RaasidError as error:
            _report({"error": f"error: {error}"})
            if not self.single_run:
                raise
            _leave(f"error: {error}" if error.exit else str(error), error.exit)
        except Exception as error:
            _report({"error": "".join(_traceback_of_job(error))})
            raise


@dataclass(slots=True)
class CommandLine:
    """A command line in its parts."""

    conf: Path
    name: str
    config_dir: str | None
    multirun: bool
    overrides: list[str]
    custom_config: bool
    """Whether the root configuration is the user's own, not the one that ships."""

    def flags(self, multirun: bool | None = None) -> list[str]:
        """Return the options, for a process that reads them again. multirun: other than on this line."""
        folders = ["--config-dir", self.config_dir] if self.config_dir else []
        own = ["--config-path", str(self.conf), "--config-name", self.name] if self.custom_config else []
        return ["-m"] * (self.multirun if multirun is None else multirun) + folders + own


def _read_command_line(verb: str) -> CommandLine:
    parser = get_args_parser()
    parser.allow_abbrev = False  # half an option must not become a run
    args = parser.parse_intermixed_args(sys.argv[1:])
    custom = bool(args.config_path or args.config_name)
    conf = Path(args.config_path).absolute() if args.config_path else conf_dir()
    multirun = args.multirun or verb == SWEEP
    return CommandLine(conf, args.config_name or verb, args.config_dir, multirun, args.overrides, custom)


def _preflight(spec: VerbSpec, line: CommandLine) -> ValidatedCommand[Any]:
    searchpath = [f"file://{Path(line.config_dir).absolute()}"] if line.config_dir else []
    with ConfigComposer(line.conf, line.name, searchpath) as composer:
        return preflight(load_object(spec.schema), composer, line.overrides, line.multirun)


def _is_ddp_child(overrides: list[str]) -> bool:
    """Whether Lightning started this process as another rank of a run that has its directory already."""
    return "LOCAL_RANK" in os.environ and any(
        "hydra.job.name=train_ddp_process_" in text for text in overrides
    )


def _name_this_job() -> list[str]:
    """Return the overrides that make a run of its own of one job of a sweep, in the job's directory.

    Lightning reads that directory from `hydra.run.dir`, which a sweep leaves as it is.
    """
    job = HydraConfig.get()
    with read_write(job):  # type: ignore[arg-type]
        job.run.dir = job.runtime.output_dir
    return [*job.overrides.hydra, *job.overrides.task, "hydra.mode=RUN", f"hydra.job.num={job.job.num}"]


def _report(result: dict[str, Any]) -> None:
    """Leave what a job came to in the file `RAASID_RESULT`, for who submitted it.

    Of several processes rank 0 reports the value; the first that fails or is preempted says so, since what
    ends the others is mostly a consequence.
    """
    file = Path(os.environ.get("RAASID_RESULT", ""))
    rank = int(os.environ.get("SLURM_PROCID", os.environ.get("RANK", "0")))
    if file.name and ((rank == 0 and "value" in result) or not file.exists()):
        write_atomic(file, json.dumps(result, default=str))


def _traceback_of_job(error: Exception) -> list[str]:
    """Format the traceback below `Job`, without the frames of Hydra and of this module."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not Job.__call__.__code__:
        trace = trace.tb_next
    below = trace.tb_next if trace is not None and trace.tb_next is not None else error.__traceback__
    return traceback.format_exception(type(error), error, below)


def _leave(message: str, code: int) -> NoReturn:
    if message:
        print_error(message)
    if code:
        _report({"preempted" if code == Exit.PREEMPTED else "error": message})
    if code == Exit.PREEMPTED and _is_one_of_several():
        _end_by_signal(signal.SIGTERM)
    sys.exit(code)


def _is_one_of_several() -> bool:
    """Whether this process is a task of a Slurm step with others."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1


def _handle_early_signals() -> None:
    """Let a process of several say that it was preempted, also before the verb handles signals itself.

    For a batch script, a process that a signal kills looks as one that srun ends because another has failed.
    """

    def handle(number: int, _: object) -> NoReturn:
        raise Stopped(f"preempted by {signal.Signals(number).name} at the start", Exit.PREEMPTED)

    if _is_one_of_several():
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, handle)


def _end_by_signal(which: signal.Signals) -> NoReturn:
    """End as a process does that does not handle a signal, after all that happens at an exit.

    `srun --kill-on-bad-exit` kills the other ranks as soon as the first has ended, and its own status is the
    highest of theirs: 75 would be hidden by the 137 of a killed rank, and 143 is not.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(which, signal.SIG_DFL)
    os.kill(os.getpid(), which)
    raise AssertionError("a signal without a handler ends the process")
