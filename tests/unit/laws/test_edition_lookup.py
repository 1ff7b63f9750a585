"""The edition that applies to a match."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from raasid.laws.edition_lookup import SeasonUnreadable, edition_for


@pytest.mark.parametrize(
    ("when", "edition"),
    [
        ("2010-2011", "ifab_2018_19"),
        ("2018-2019", "ifab_2018_19"),
        ("2019-2020", "ifab_2019_20"),
        ("2019/20", "ifab_2019_20"),
        ("2020_21", "ifab_2020_21"),
        ("2021/2022", "ifab_2021_22"),
        ("2022-2023", "ifab_2021_22"),
        ("2023/24", "ifab_2021_22"),
        (" 2024/25 ", "ifab_2024_25"),
        ("2025–26", "ifab_2025_26"),
        ("2026-27", "ifab_2026_27"),
        ("2031-32", "ifab_2026_27"),
        ("1999/00", "ifab_2018_19"),
        ("1999-2000", "ifab_2018_19"),
        ("2019-05-31", "ifab_2018_19"),
        ("2019-06-01", "ifab_2019_20"),
        ("2020-06-30", "ifab_2019_20"),
        ("2020-07-01", "ifab_2020_21"),
        (date(2024, 6, 30), "ifab_2021_22"),
        (date(2024, 7, 1), "ifab_2024_25"),
        (datetime(2021, 7, 1, 15, 30), "ifab_2021_22"),
    ],
)
def test_a_season_or_day_has_its_edition(when: str | date, edition: str) -> None:
    assert edition_for(when).id == edition


@pytest.mark.parametrize(
    ("when", "competition", "edition"),
    [
        ("2020-09-30", "premier_league", "ifab_2020_21"),
        ("2020-10-01", "premier_league", "pl_2020_10"),
        ("2021-06-30", "Premier League", "pl_2020_10"),
        ("2021-07-01", "premier-league", "ifab_2021_22"),
        ("2021-01-01", "bundesliga", "ifab_2020_21"),
        ("2021-01-01", None, "ifab_2020_21"),
        ("2020-2021", "premier_league", "ifab_2020_21"),
    ],
)
def test_an_overlay_applies_in_its_competition_from_its_first_day(
    when: str, competition: str | None, edition: str
) -> None:
    assert edition_for(when, competition).id == edition


@pytest.mark.parametrize(
    "text", ["", "2022", "2022-2024", "2022/24", "22/23", "2022-13-01", "0000-0001", "next"]
)
def test_a_text_that_is_not_a_season_is_rejected(text: str) -> None:
    with pytest.raises(SeasonUnreadable, match="is no season; write 2022-2023"):
        edition_for(text)
