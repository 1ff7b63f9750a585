"""`raasid schedule`: a table for people and lines for cron."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from raasid.cli.schedule import main
from raasid.triggers.schedule import ScheduleProblems

ONE = (
    "models: {ball_model: {schedule: weekly, trigger_threshold: 0.7, evaluation_metrics: [detection_rate]}}\n"
)


@pytest.fixture
def scontrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs, with one that answers as a controller that enables scrontab."""
    program = tmp_path / "bin" / "scontrol"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'ScronParameters         = enable'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def test_it_prints_every_model_with_its_next_slot_and_lines_for_both(
    capsys: pytest.CaptureFixture[str], scontrol: Path
) -> None:
    main([])

    text = capsys.readouterr().out
    assert [line.split()[0] for line in text.splitlines()[1:4]] == [
        "context_model",
        "pose_model",
        "ball_model",
    ]
    assert "detection_rate 0.85" in text
    assert "\ncrontab -e\n" in text
    assert "\nscrontab -e\n" in text


@pytest.mark.parametrize("name", ["schedule.yaml", "it's my\\own, 5%.yaml", "a\\'b\\"])
def test_lines_alone_name_the_file_as_hydra_reads_it(tmp_path: Path, capsys, name: str) -> None:
    file = tmp_path / name
    file.write_text(ONE)

    main(["scrontab", "--file", str(file), "--options", "data=store", "data.dataset=new"])

    *comments, line = capsys.readouterr().out.splitlines()
    words = shlex.split(line)
    assert all(comment.startswith("#") for comment in comments)
    assert words[words.index("retrain") + 2 :] == ["data=store", "data.dataset=new"]
    override = OverridesParser.create().parse_override(words[words.index("retrain") + 1])
    assert (override.key_or_group, str(override.value())) == ("trigger.schedule", str(file))


def test_a_wrong_schedule_prints_nothing_but_its_problems(tmp_path: Path, capsys) -> None:
    file = tmp_path / "schedule.yaml"
    file.write_text("models: {bal_model: {}}")

    with pytest.raises(ScheduleProblems, match=r"did you mean 'models\.ball_model'"):
        main(["--file", str(file)])

    assert capsys.readouterr().out == ""


def test_lines_for_scrontab_are_printed_on_request_where_the_controller_does_not_enable_it(
    capsys: pytest.CaptureFixture[str], scontrol: Path
) -> None:
    scontrol.write_text("#!/bin/sh\necho 'ScronParameters         = (null)'\n")
    main([])
    assert capsys.readouterr().out.splitlines()[-1].startswith("no scrontab: the controller does not enable")
    main(["scrontab"])
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("# not now: the controller does not enable it")
    assert last.endswith("retrain")


def test_a_line_that_submits_brings_what_crons_environment_lacks(
    capsys: pytest.CaptureFixture[str], scontrol: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scontrol.with_name("sbatch").symlink_to(scontrol)
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm of/this.conf")
    main(["crontab", "--submit", "--options", "hydra.launcher.partition=gpu"])
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    environment = words[words.index("env") + 1 :]
    assert environment[:2] == ["SLURM_CONF=/etc/slurm of/this.conf", f"PATH={scontrol.parent}:/usr/bin:/bin"]
    assert words[words.index("submit") :][:3] == ["submit", "retrain", "hydra.launcher.partition=gpu"]
    with pytest.raises(SystemExit):
        main(["scrontab", "--submit"])
