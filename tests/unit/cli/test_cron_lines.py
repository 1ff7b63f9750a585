"""Lines for cron and Slurm that run as they are."""

from __future__ import annotations

import subprocess
from pathlib import Path

from raasid.cli.schedule import crontab_lines, scrontab_lines
from raasid.triggers.schedule import default_schedule

COMMAND = ["/opt/raasid", "retrain"]


def test_a_crontab_calls_once_a_day_at_the_hour_of_the_slots() -> None:
    assert crontab_lines(default_schedule(), Path("/srv/season"), COMMAND) == [
        "# context_model: weekly, every Monday from 03:00 UTC on",
        "# pose_model: biweekly, every other Monday from 03:00 UTC on",
        "# ball_model: monthly, the first day of a month from 03:00 UTC on",
        "CRON_TZ=UTC",
        "0 3 * * * cd /srv/season && mkdir -p logs && /opt/raasid retrain >> logs/retrain.log 2>&1",
    ]


def test_a_scrontab_has_the_options_before_its_line() -> None:
    schedule = default_schedule().model_copy(update={"start_hour": 22})

    lines = scrontab_lines(schedule, Path("/srv/season"), COMMAND)

    assert [line for line in lines if not line.startswith("#")] == ["0 22 * * * /opt/raasid retrain"]
    assert "#SCRON --chdir=/srv/season" in lines[:-1]


def test_a_line_runs_whatever_characters_the_folder_and_the_options_have(tmp_path: Path) -> None:
    folder = tmp_path / "it's 100% here"
    folder.mkdir()
    program = folder / "program"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)

    line = crontab_lines(default_schedule(), folder, [str(program), "retrain", "a='b c%'"])[-1]
    command = line.removeprefix("0 3 * * * ").replace(r"\%", "%")  # what cron hands to the shell
    subprocess.run(["sh", "-c", command], check=True)

    assert line.count("%") == line.count(r"\%")
    assert (folder / "logs/retrain.log").read_text() == "retrain\na='b c%'\n"
