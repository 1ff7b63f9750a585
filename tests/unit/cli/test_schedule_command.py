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


def test_it_prints_every_model_with_its_next_slot_and_lines_for_both(
    capsys: pytest.CaptureFixture[str],
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
