"""The schedule as lines for crontab(5) and for Slurm's scrontab(1).

One line calls `raasid retrain` every day at the hour at which slots begin. The command itself keeps the
slots: a call without a cause trains nothing, and a slot that was missed is caught up by the next call. A line
per cadence would not do: cron has no fortnights, and some versions know no time zone but the machine's.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from raasid.triggers.schedule import RetrainingSchedule

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
