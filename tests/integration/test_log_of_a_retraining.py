"""`raasid log` and `raasid retry` through the command line, on the folders that a retraining leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_process import call_raasid
from played_season import PlayedSeason


@pytest.fixture
def season(tmp_path: Path) -> PlayedSeason:
    return PlayedSeason(tmp_path)


def test_the_story_of_a_retraining_is_printed(season: PlayedSeason) -> None:
    done = call_raasid("log", "--model", "ball_model", "-n", "5", "--root", season.root)

    assert done.returncode == 0, done.stderr
    _, retrained, gate, champion, begin, decision = done.stdout.splitlines()
    assert f"retrained, {season.version} is champion, detection_rate 0.800 → 0.900" in retrained
    assert "better by 0.10 overall" in gate
    assert f"champion = {season.version} (was {season.before})" in champion
    assert "immediate because" in begin
    assert "performance fire, immediate" in decision


def test_folders_are_found_wherever_they_are(season: PlayedSeason, tmp_path: Path) -> None:
    folders = [f"--{name}={season.root / name}" for name in ("registry", "decisions", "retrainings")]

    one = call_raasid("log", "--json", *folders, "--root", tmp_path / "elsewhere")
    two = call_raasid("log", "--json", cwd=season.root)

    assert json.loads(one.stdout) == json.loads(two.stdout)


def test_damage_is_an_error_of_its_own_status_and_hides_nothing_else(season: PlayedSeason) -> None:
    (record,) = (season.root / "decisions").rglob("*.json")
    record.write_text("{}")

    done = call_raasid("log", "--root", season.root)

    assert done.returncode == 1
    assert f"1 record is missing above, for damage:\n  {record}: is no decision record" in done.stderr
    assert f"champion = {season.version}" in done.stdout


def test_an_attempt_that_was_asked_for_is_part_of_the_story(season: PlayedSeason) -> None:
    season.retrain_without_gain(times=3)

    done = call_raasid(
        "retry", "ball_model", "--reason", "labels were mended", "--root", season.root,
        env={"RAASID_AUTHOR": "anna"},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "3 retrainings without a gain no longer count" in done.stdout
    story = call_raasid("log", "--json", "-n", "1", "--root", season.root)
    (newest,) = json.loads(story.stdout)["entries"]
    assert (newest["kind"], newest["why"], newest["by"]) == ("acknowledgement", "labels were mended", "anna")
