"""The timeline: what happened, from all folders, the newest first; damage is named and hides nothing else."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from played_season import PlayedSeason

from raasid.cli.timeline import Timeline, TimelineEntry
from raasid.triggers.futility_marks import FutilityMarks


@pytest.fixture
def season(tmp_path: Path) -> PlayedSeason:
    return PlayedSeason(tmp_path)


def timeline(season: PlayedSeason) -> Timeline:
    return Timeline(season.models.registry, season.root / "decisions", season.root / "retrainings")


def entries(season: PlayedSeason, **chosen) -> list[TimelineEntry]:
    return [entry for entry in timeline(season).newest_first(**chosen) if not entry.minor]


def test_a_retraining_reads_from_its_decision_to_its_champion(season: PlayedSeason) -> None:
    newest = entries(season, model="ball_model")[:5]

    assert [(entry.kind, entry.what) for entry in newest] == [
        ("retraining", f"ball_model: retrained, {season.version} is champion, detection_rate 0.800 → 0.900"),
        ("retraining", "ball_model: gate"),
        ("registry", f"ball_model champion = {season.version} (was {season.before})"),
        ("retraining", "ball_model: begin"),
        ("decision", f"ball_model {season.before}: performance fire, immediate"),
    ]
    assert newest[-1].why == "detection_rate is below 0.85."
    assert newest[2].by == "anna@gpu07"


def test_times_never_rise_and_steps_told_elsewhere_are_minor(season: PlayedSeason) -> None:
    every = list(timeline(season).newest_first())
    times = [entry.when.replace(microsecond=0) for entry in every]

    assert times == sorted(times, reverse=True)
    assert [entry.details["step"] for entry in every if entry.minor] == ["end", "champion", "train"]


def test_only_one_model_and_only_since_a_time(season: PlayedSeason) -> None:
    season.decide("calendar", "hold", "The slot was used.", model="pose_model")

    assert {entry.kind for entry in entries(season, model="pose_model")} == {"decision", "registry"}
    late = entries(season, since=season.now - timedelta(minutes=10))
    assert [entry.kind for entry in late] == ["retraining", "retraining", "registry", "decision"]
    assert len(entries(season, since=season.now + timedelta(days=1))) == 0


def test_a_decision_whose_file_is_a_copy_has_a_day_and_no_time(season: PlayedSeason) -> None:
    (path,) = (season.root / "decisions").rglob("*.json")
    os.utime(path, (season.models.now + 9e6,) * 2)

    (copied,) = [entry for entry in entries(season) if entry.kind == "decision"]

    assert copied.day_only
    assert copied.when_text == season.now.date().isoformat()
    assert copied.when <= season.now


def test_an_acknowledgement_is_shown_with_its_reason(season: PlayedSeason) -> None:
    marks = FutilityMarks(season.root / "retrainings")
    marks.acknowledge("ball_model", "anna", season.now, "labels were mended")
    marks.acknowledge("ball_model", "ben", season.now + timedelta(hours=1), "once more")

    newest = [entry for entry in entries(season) if entry.kind == "acknowledgement"]

    assert [(entry.by, entry.why) for entry in newest] == [
        ("ben", "once more"),
        ("anna", "labels were mended"),
    ]


def test_every_damaged_record_is_named_and_the_rest_is_told(season: PlayedSeason) -> None:
    season.decide("calendar", "hold", "The slot was used.")
    whole = entries(season)
    retrainings = season.root / "retrainings" / "ball_model"
    broken = [
        next((season.root / "decisions").rglob("*-performance-*.json")),
        retrainings / f"{season.poor.digest}.json",
        retrainings / "acknowledged.json",
        next((season.root / "registry" / "log").glob("*.jsonl")),
    ]
    for path in broken[:3]:
        path.write_text("{}")
    broken[3].write_text(broken[3].read_text().replace("the first", "the worst"))
    season.journal.write_text("no JSON\n" + season.journal.read_text())

    read = timeline(season)
    left = [entry.what for entry in read.newest_first() if not entry.minor]

    named = "\n".join(map(str, read.damage))
    for path in [*broken[:3], season.journal]:
        assert str(path) in named
    assert broken[3].name in named
    assert f"{season.journal}:1: is no line of a journal" in named
    assert set(left) < {entry.what for entry in whole}
    assert "ball_model: gate" in left
    assert f"ball_model {season.before}: calendar hold" in left


def test_folders_that_do_not_exist_hold_nothing(tmp_path: Path) -> None:
    from raasid.registry.registry import Registry

    empty = Timeline(Registry(tmp_path / "registry"), tmp_path / "decisions", tmp_path / "retrainings")

    assert list(empty.newest_first()) == []
    assert empty.damage == []
    assert list(tmp_path.iterdir()) == []
