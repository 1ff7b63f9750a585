"""`raasid log`: a table for people, a document for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from played_season import PlayedSeason

from raasid.cli.arguments import ModelUnknown
from raasid.cli.log import TimelineDamaged, main


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> PlayedSeason:
    """Read only; no test changes it."""
    return PlayedSeason(tmp_path_factory.mktemp("season"))


def test_a_line_for_each_entry_and_a_hint_at_older_ones(season: PlayedSeason, capsys) -> None:
    main(["--root", str(season.root), "-n", "3"])

    printed = capsys.readouterr()
    head, *lines = printed.out.splitlines()
    assert head.split() == ["when", "(UTC)", "kind", "what", "why", "by"]
    assert len(lines) == 3
    assert lines[0].startswith(f"{season.now:%Y-%m-%d %H:%M}  retraining")
    assert "-n 6 shows more" in printed.err


def test_json_holds_the_records_themselves(season: PlayedSeason, capsys) -> None:
    main(["--root", str(season.root), "--json", "--model", "ball_model", "--all"])

    document = json.loads(capsys.readouterr().out)
    (decision,) = [each for each in document["entries"] if each["kind"] == "decision"]
    assert decision["record"]["digest"] == season.poor.digest
    assert decision["record"]["verdict"] == "fire"
    assert document["entries"][0]["record"]["gpu_hours"] == 0.5
    assert document["damaged"] == []


def test_a_span_shows_all_of_it(season: PlayedSeason, capsys) -> None:
    main(["--root", str(season.root), "--since", "2026-11-01"])
    everything = capsys.readouterr()
    main(["--root", str(season.root), "--since", f"{season.now:%Y-%m-%dT%H:%M}"])
    last = capsys.readouterr()

    assert "older entries" not in everything.err
    assert len(last.out.splitlines()) == 4
    assert len(everything.out.splitlines()) > 10


def test_damage_is_named_after_the_rest_was_printed(tmp_path: Path, capsys) -> None:
    season = PlayedSeason(tmp_path)
    season.journal.write_text("{}\n")

    with pytest.raises(TimelineDamaged, match=r"1 record is missing above, for damage:\n.*journal\.jsonl:1"):
        main(["--root", str(tmp_path)])
    assert "champion" in capsys.readouterr().out

    with pytest.raises(TimelineDamaged):
        main(["--root", str(tmp_path), "--json"])
    assert len(json.loads(capsys.readouterr().out)["damaged"]) == 1


def test_an_empty_folder_and_an_unknown_model(tmp_path: Path, capsys) -> None:
    main(["--root", str(tmp_path)])
    assert "nothing happened yet" in capsys.readouterr().err

    with pytest.raises(ModelUnknown, match="did you mean 'ball_model'"):
        main(["--root", str(tmp_path), "--model", "bal_model"])


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01T00:00+23:59"])
def test_wrong_times_are_refused_with_an_example(time: str, capsys) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--since", time])

    assert leaving.value.code == 2
    assert "expected a day or a time such as 2026-11-30" in capsys.readouterr().err
