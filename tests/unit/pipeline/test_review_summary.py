from __future__ import annotations

import csv
from pathlib import Path

import pytest
from staged_play import no_progress, play, review_models, write_clip

from raasid.pipeline.review import TABLE_HEAD, SummaryRow, summary_table, write_summary
from raasid.review.options import ReviewOptions
from raasid.review.review_clip import review_clip


@pytest.fixture(scope="module")
def summary_rows(tmp_path_factory: pytest.TempPathFactory) -> list[SummaryRow]:
    folder = tmp_path_factory.mktemp("clips")
    found = []
    for name, truth in (("touch.mp4", play(20)), ("empty.mp4", play(6, balls=()))):
        options = ReviewOptions(video=False)
        done = review_clip(
            write_clip(folder / name, truth),
            folder / "out",
            review_models(truth),
            "ifab_2025_26",
            options,
            no_progress,
        )
        found.append(SummaryRow(name, done.decision, done.folder))
    return [*found, SummaryRow("torn, broken.mp4", None, None, "no video: it cannot be opened")]


def test_the_table_has_a_row_for_each_clip(summary_rows: list[SummaryRow]) -> None:
    rows = summary_table(summary_rows)
    assert {len(row) for row in rows} == {len(TABLE_HEAD)}
    assert rows[0] == ("touch.mp4", "handball offence", "0.95", "0.95", "direct free kick, card open")
    assert rows[1] == ("empty.mp4", "no decision", "–", "0.00", "no ball was seen")
    assert rows[2][1:] == ("failed", "", "", "no video: it cannot be opened")


def test_the_csv_file_has_the_same_in_full(summary_rows: list[SummaryRow], tmp_path: Path) -> None:
    with write_summary(tmp_path, summary_rows).open(newline="", encoding="utf-8") as file:
        touch, empty, truncated = csv.DictReader(file)
    assert (touch["decision"], touch["abstained"], touch["confidence"]) == ("offence", "false", "0.95")
    assert (Path(touch["folder"]) / "decision.json").is_file()
    assert (empty["decision"], empty["abstained"], empty["reasons"]) == ("", "true", "no ball was seen")
    assert (truncated["clip"], truncated["decision"]) == ("torn, broken.mp4", "failed")
    assert [path.name for path in tmp_path.iterdir()] == ["summary.csv"]
