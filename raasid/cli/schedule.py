"""`raasid schedule`: prints when each model is evaluated and retrained, and lines for cron and for Slurm.

One line calls `raasid retrain` every day at the hour at which slots begin. The command itself keeps the
slots: a call without a cause trains nothing, and a slot that was missed is caught up by the next call. A line
per cadence would not do: cron has no fortnights, and some versions know no time zone but the machine's.

On a cluster `--submit` lets cron submit the call as a Slurm job; a scrontab does without cron, where the
controller enables it.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from raasid.cluster.slurm_commands import SlurmMissing, SlurmRefused, enables_scrontab
from raasid.config import conf_dir
from raasid.console.tables import print_line, print_table
from raasid.triggers.schedule import RetrainingSchedule, load_schedule
from raasid.triggers.slots import next_slot

_CRON_PATH = ("/usr/bin", "/bin")
"""Where cron finds programs."""
_DAYS = {"weekly": "every Monday", "biweekly": "every other Monday", "monthly": "the first day of a month"}


def crontab_lines(schedule: RetrainingSchedule, folder: Path, command: Sequence[str]) -> list[str]:
    """Return lines for `crontab -e`.

    folder: where the command runs. command: the words of `raasid retrain …`.
    """
    there = shlex.quote(str(folder))
    line = f"cd {there} && mkdir -p logs && {shlex.join(command)} >> logs/retrain.log 2>&1"
    # in a crontab a percent sign ends the command
    return [*_comments(schedule), "CRON_TZ=UTC", f"{_when(schedule)} {line}".replace("%", r"\%")]


def scrontab_lines(schedule: RetrainingSchedule, folder: Path, command: Sequence[str]) -> list[str]:
    """Return lines for `scrontab -e`, whose times are those of Slurm's controller; see `crontab_lines`."""
    return [
        *_comments(schedule),
        "#SCRON --job-name=raasid-retrain",
        f"#SCRON --chdir={shlex.quote(str(folder))}",
        "#SCRON --output=raasid-retrain-%j.log",
        "#SCRON --gpus=1",
        f"{_when(schedule)} {shlex.join(command)}",
    ]


def _when(schedule: RetrainingSchedule) -> str:
    return f"0 {schedule.start_hour} * * *"


def _comments(schedule: RetrainingSchedule) -> list[str]:
    return [
        f"# {entry.model}: {entry.cadence}, {_DAYS[entry.cadence]} from {entry.start_hour:02d}:00 UTC on"
        for entry in schedule.entries
    ]


_PRINTERS = {"crontab": crontab_lines, "scrontab": scrontab_lines}


def main(words: Sequence[str]) -> None:
    """Run `raasid schedule WORDS`. Raises RaasidError, and SystemExit 2 for wrong arguments."""
    parser = build_parser()
    args = parser.parse_args(words)
    if args.submit and args.lines == "scrontab":
        parser.error("--submit: a line of a scrontab is a Slurm job already")
    schedule = load_schedule(args.file or conf_dir() / "retraining_schedule.yaml")
    if args.lines is None:
        _print_models(schedule, datetime.now(UTC))
    names = ["crontab"] if args.submit else [*_PRINTERS]
    for name in names if args.lines is None else [args.lines]:
        lacks = _lacks_scrontab() if name == "scrontab" else None
        if args.lines is None:
            print_line("")
        if args.lines is None and lacks is not None:
            print_line(f"no scrontab: {lacks}; `raasid schedule scrontab` prints its lines all the same")
            continue
        if args.lines is None:
            print_line((f"{name} -e", "bold"))
        elif lacks is not None:
            print_line(f"# not now: {lacks}")
        for line in _PRINTERS[name](schedule, Path.cwd(), _command(args)):
            print_line(line)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `raasid schedule`."""
    parser = argparse.ArgumentParser(prog="raasid schedule", description=__doc__)
    parser.add_argument("lines", nargs="?", choices=sorted(_PRINTERS), help="only these lines")
    parser.add_argument(
        "--submit", action="store_true", help="submit as a Slurm job; resources: --options hydra.launcher.*"
    )
    parser.add_argument("--file", type=Path, help="the schedule (default: the shipped one)")
    parser.add_argument(
        "--options",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="KEY=VALUE",
        help="the rest of the line: what `raasid retrain` is called with",
    )
    return parser


def _command(args: argparse.Namespace) -> list[str]:
    """Return the words of a line."""
    chosen = [] if args.file is None else [f"trigger.schedule={_hydra_text(args.file.absolute())}"]
    environment = _slurm_environment() if args.submit or "hydra/launcher=slurm" in args.options else []
    submit = ["submit"] if args.submit else []
    return [*environment, *_program(), *submit, "retrain", *chosen, *args.options]


def _slurm_environment() -> list[str]:
    """Return the words that give cron's environment what Slurm's commands need here."""
    given = {name: os.environ[name] for name in ("SLURM_CONF",) if name in os.environ}
    found = shutil.which("sbatch")
    if found is not None and (folder := str(Path(found).parent)) not in _CRON_PATH:
        given["PATH"] = os.pathsep.join([folder, *_CRON_PATH])
    return ["env", *(f"{name}={value}" for name, value in given.items())] if given else []


def _lacks_scrontab() -> str | None:
    """Say why a scrontab cannot be used here; None if it can."""
    try:
        return None if enables_scrontab() else "the controller does not enable it (ScronParameters=enable)"
    except SlurmMissing:
        return "there is no Slurm here"
    except SlurmRefused:
        return "Slurm does not answer"


def _print_models(schedule: RetrainingSchedule, now: datetime) -> None:
    columns = ["model", "cadence", "next slot (UTC)", "retrained when below", "also watched"]
    rows = [
        (
            entry.model,
            entry.cadence,
            f"{next_slot(now, entry.cadence, entry.start_hour):%Y-%m-%d %H:%M}",
            f"{entry.retrain_metric} {entry.threshold:.2f}",
            ", ".join(entry.other_metrics),
        )
        for entry in schedule.entries
    ]
    print_table(columns, rows)


def _program() -> list[str]:
    """Return the words that start this program from any folder."""
    script = Path(sys.argv[0]).absolute()
    return [str(script)] if script.name == "raasid" else [sys.executable, "-m", "raasid"]


def _hydra_text(path: Path) -> str:
    """Return a path as the value of an override: quoted, unless all its characters are plain."""
    if re.fullmatch(r"[\w./-]+", str(path)):
        return str(path)
    # a backslash is doubled before a quotation mark alone
    text = re.sub(r"\\+(?='|$)", lambda found: found[0] * 2, str(path)).replace("'", r"\'")
    return f"'{text}'"
