from __future__ import annotations

import csv
from pathlib import Path

import pytest
from staged_play import film_of, play, quiet, reviewer

from raasid.review.review_clip import Settings, review_clip
from raasid.review.summary import HEAD, Line, table, write_summary


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    folder = tmp_path_factory.mktemp("clips")
    found = []
    for name, truth in (("touch.mp4", play(20)), ("empty.mp4", play(6, balls=()))):
        settings = Settings("ifab_2025_26", video=False)
        done = review_clip(film_of(folder / name, truth), folder / "out", reviewer(truth), settings, quiet)
        found.append(Line(name, done.decision, done.folder))
    return [*found, Line("torn, broken.mp4", None, None, "no video: it cannot be opened")]


def test_the_table_has_a_row_for_each_clip(lines: list[Line]) -> None:
    rows = table(lines)
    assert {len(row) for row in rows} == {len(HEAD)}
    assert rows[0] == ("touch.mp4", "handball offence", "0.95", "0.95", "direct free kick, card open")
    assert rows[1] == ("empty.mp4", "no decision", "–", "0.00", "no ball was seen")
    assert rows[2][1:] == ("failed", "", "", "no video: it cannot be opened")


def test_spreadsheets_get_the_same_in_full(lines: list[Line], tmp_path: Path) -> None:
    with write_summary(tmp_path, lines).open(newline="", encoding="utf-8") as file:
        touch, empty, torn = csv.DictReader(file)
    assert (touch["decision"], touch["abstained"], touch["confidence"]) == ("offence", "false", "0.95")
    assert (Path(touch["folder"]) / "decision.json").is_file()
    assert (empty["decision"], empty["abstained"], empty["reasons"]) == ("", "true", "no ball was seen")
    assert (torn["clip"], torn["decision"]) == ("torn, broken.mp4", "failed")
    assert [path.name for path in tmp_path.iterdir()] == ["summary.csv"]
