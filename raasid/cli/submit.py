"""`raasid submit VERB key=value …`: submits a verb as a Slurm job and returns at once.

Resources are `hydra.launcher.*`, as for `-m`; `hydra/launcher=slurm_local` runs the job in the background of
this machine. `after=ok:JOB` lets it wait for another job. The command is checked first; the code and the
configuration of this moment are what the job runs, whatever is edited while it waits.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast, get_args

from omegaconf import DictConfig

from raasid.cluster.job_record import LauncherName, read_jobs
from raasid.cluster.job_script import CONFIG_DIR, Task, job_script
from raasid.cluster.job_states import job_tasks
from raasid.cluster.options import read_options
from raasid.cluster.submission import submit
from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.overrides import parse_overrides
from raasid.config.preflight import preflight
from raasid.config.run_dir import place_run, quote_path
from raasid.console.tables import print_line, print_note
from raasid.errors import UsageError
from raasid.lazy import load_object

_DEPENDENCIES = {"ok": "afterok", "any": "afterany", "failed": "afternotok"}
_LAUNCHER = "hydra/launcher="


def main(words: Sequence[str]) -> None:
    """Run `raasid submit WORDS`. Raises RaasidError, and SystemExit 2 for wrong arguments."""
    from raasid.cli.verbs import VERBS

    args = build_parser().parse_args(words)
    verb, multirun = VERBS[args.verb], args.verb == "sweep"
    overrides, launcher, after = _split(args.words)
    searchpath = [f"file://{args.config_dir.absolute()}"] if args.config_dir else []
    with ConfigComposer(conf_dir(), args.verb, searchpath) as composer:
        command = preflight(load_object(verb.schema), composer, overrides, multirun)
        parsed, _ = parse_overrides(overrides, composer, multirun)  # of a search, the first value
        hydra = composer.compose([override.to_compose() for override in parsed]).hydra
    options = read_options(hydra.launcher)
    logs = Path(command.config.paths.logs)
    if after:
        options = options.model_copy(update={"dependency": _dependency(after, logs)})
    if args.dry_run:
        directory = (logs / args.verb / "RUN").absolute()
        kind = "sweep" if multirun else "run"
        tasks = _tasks(args, [*overrides, f"hydra.{kind}.dir={quote_path(directory)}"], directory, hydra)
        folder = directory / ".jobs" / "JOB"
        sys.stdout.write(job_script(folder, args.verb, tasks, options, Path.cwd(), sys.executable))
        return
    find_start = None
    if verb.find_start is not None and command.config.ckpt_path is not None:
        find_start = load_object(verb.find_start)
    placed = place_run(args.verb, command, overrides, find_start)
    assert placed.directory is not None
    tasks = _tasks(args, [*placed.overrides, *placed.hydra_overrides], placed.directory, hydra)
    record = submit(args.verb, tasks, options, logs, placed.directory, launcher, words, args.config_dir)
    print_line(f"{record.id}")
    print_note(f"run: {placed.directory}")
    print_note(f"state: raasid jobs --root {command.config.paths.root}")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `raasid submit`."""
    from raasid.cli.verbs import VERBS

    parser = argparse.ArgumentParser(
        prog="raasid submit", description=__doc__, usage="raasid submit [options] VERB [key=value ...]"
    )
    parser.add_argument("verb", metavar="VERB", choices=list(VERBS), help="what the job runs, such as train")
    parser.add_argument("words", nargs="*", metavar="key=value", help="as for the verb; and after=ok:JOB")
    parser.add_argument("--dry-run", action="store_true", help="print the script, and submit nothing")
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="more YAML files, as for the verb")
    return parser


class Dependency(NamedTuple):
    """A job that has to end first, and how."""

    kind: str
    job: str


def _split(words: Sequence[str]) -> tuple[list[str], LauncherName, list[Dependency]]:
    """Return the overrides, the launcher, and the jobs to wait for."""
    overrides, after = [f"{_LAUNCHER}slurm"], list[Dependency]()
    for word in words:
        if word.startswith("after="):
            after += _read_dependencies(word)
        elif word.startswith(_LAUNCHER):
            overrides[0] = word
        else:
            overrides.append(word)
    launcher = overrides[0].removeprefix(_LAUNCHER)
    if launcher not in get_args(LauncherName):
        raise UsageError(f"{overrides[0]}: a job is submitted by {' or '.join(get_args(LauncherName))}")
    return overrides, cast(LauncherName, launcher), after


def _read_dependencies(word: str) -> list[Dependency]:
    kind, _, jobs = word.removeprefix("after=").partition(":")
    if kind not in _DEPENDENCIES or not re.fullmatch(r"\w+(:\w+)*", jobs):
        known = ", ".join(f"after={each}:JOB" for each in _DEPENDENCIES)
        raise UsageError(f"{word}: expected one of {known}")
    return [Dependency(kind, job) for job in jobs.split(":")]


def _dependency(after: Sequence[Dependency], logs: Path) -> str | None:
    """Return the dependencies as sbatch writes them.

    Slurm takes a job that it has forgotten for one that ended well: ended jobs are looked up here.
    Raises UsageError for one that did not end as asked.
    """
    records = {record.id: record for record in read_jobs(logs)}
    waiting = []
    for kind, job in after:
        tasks = list(job_tasks([records[job]])) if job in records else []
        if not tasks or not all(task.ended for task in tasks):
            waiting.append(f"{_DEPENDENCIES[kind]}:{job}")
            continue
        failed = [task for task in tasks if task.state != "COMPLETED"]
        if kind != "any" and bool(failed) != (kind == "failed"):
            state = failed[0].state if failed else "COMPLETED"
            raise UsageError(f"after={kind}:{job}: that job has ended, as {state}")
    return ",".join(waiting) or None


def _tasks(
    args: argparse.Namespace, overrides: Sequence[str], directory: Path, hydra: DictConfig
) -> list[Task]:
    """Return the commands: one, or as many as a sweep has workers, which share its study."""
    options = ["--config-dir", CONFIG_DIR] if args.config_dir else []
    own = [word for word in overrides if not word.startswith(("hydra/launcher=", "hydra.launcher."))]
    if args.verb != "sweep":
        task = Task((args.verb, *options, *own), directory, continues=args.verb == "train")
        return [task]
    own = [word for word in own if not word.startswith("hydra.sweeper.n_jobs=")]
    words = (args.verb, *options, *own, "hydra.sweeper.n_jobs=1")
    return [Task(words, directory)] * min(int(hydra.sweeper.n_jobs), int(hydra.sweeper.n_trials))
