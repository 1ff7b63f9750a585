"""The table of season flips: same facts, each season's ruling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from raasid.laws.decide import decide
from raasid.laws.edition import Ruling
from raasid.laws.edition_lookup import shipped_editions
from raasid.laws.facts import fact_values, read_facts

TABLE = Path(__file__).with_name("season_flips.md")
EDITIONS = {
    "18": "ifab_2018_19",
    "19": "ifab_2019_20",
    "20": "ifab_2020_21",
    "pl": "pl_2020_10",
    "21": "ifab_2021_22",
    "24": "ifab_2024_25",
    "25": "ifab_2025_26",
    "26": "ifab_2026_27",
}
PLAIN = {
    "segment": "hand",
    "in_own_area": True,
    "scored": "no",
    "chance": "no",
    "team_mate": "no",
    "denied": "nothing",
}
WORDS = {"true": True, "false": False, "?": None}
RESTARTS = {"pen": "penalty", "dfk": "direct_free_kick", "?": None}


class Row(NamedTuple):
    case: str
    facts: dict[str, bool | str | None]
    cells: dict[str, str]


def rows() -> Iterator[Row]:
    columns: list[str] = []
    for line in TABLE.read_text().splitlines():
        if not line.startswith("|") or line.startswith("|---"):
            continue
        case, facts, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if case == "case":
            columns = cells
        else:
            yield Row(case, parse_facts(facts), dict(zip(columns, cells, strict=True)))


def parse_facts(text: str) -> dict[str, bool | str | None]:
    facts: dict[str, bool | str | None] = {name: PLAIN.get(name, False) for name in fact_values()}
    for word in filter(None, text.split(", ")):
        name, _, value = word.partition("=")
        assert name in facts, word
        facts[name] = WORDS.get(value, value) if value else True
    return facts


def expected(cell: str, edition: str) -> tuple[str | None, ...]:
    """Decision, restart, sanction, confidence, edition."""
    first, *rest = cell.split()
    confidence = "discretionary" if first.endswith("~") else "clear"
    match first.rstrip("~"), rest:
        case "?", []:
            return None, None, None, None, edition
        case "no", []:
            return "no_offence", "play_on", "none", confidence, edition
        case "OFF", [restart, *card]:
            (shown,) = card or ["none"]
            return "offence", RESTARTS[restart], None if shown == "?" else shown, confidence, edition
    raise AssertionError(f"cannot read the cell {cell!r}")


def ruling_cells(ruling: Ruling) -> tuple[str | None, ...]:
    return ruling.decision, ruling.restart, ruling.sanction, ruling.confidence, ruling.edition


ROWS = list(rows())
CASES = [
    pytest.param(row.facts, EDITIONS[column], cell, id=f"{row.case} in {column}")
    for row in ROWS
    for column, cell in row.cells.items()
]


@pytest.mark.parametrize(("facts", "edition", "cell"), CASES)
def test_the_ruling_is_the_one_in_the_table(
    facts: dict[str, bool | str | None], edition: str, cell: str
) -> None:
    ruling = decide(read_facts(facts), edition)

    assert ruling_cells(ruling) == expected(cell, edition)


def test_every_row_of_the_table_has_every_shipped_edition() -> None:
    assert set(EDITIONS.values()) == set(shipped_editions())
    assert {frozenset(row.cells) for row in ROWS} == {frozenset(EDITIONS)}


def test_no_case_is_in_the_table_twice() -> None:
    assert len({row.case for row in ROWS}) == len(ROWS) >= 50
    assert len({tuple(row.facts.items()) for row in ROWS}) == len(ROWS)


CLAUSES = [  # clause, and a case of the table that it decides, by season
    ("deliberate", "deliberate", "18"),
    ("goalkeeper_in_own_area", "goalkeeper in the own area", "18"),
    ("no_arm_contact", "chest, on purpose", "18"),
    ("shoulder_undefined", "shoulder, arm out", "19"),
    ("shoulder_is_no_arm", "shoulder, arm out", "20"),
    ("goal_directly", "goal directly", "19"),
    ("goal_after_own_touch", "goal immediately after", "20"),
    ("chance_after_own_touch", "own touch, chance immediately", "20"),
    ("goal_after_team_mates_touch", "team-mate's goal", "20"),
    ("expected_position", "bigger, justified by movement", "pl"),
    ("reaction_time", "close range, arm out", "pl"),
    ("body_bigger", "bigger, unjustified", "21"),
    ("body_bigger_close_range", "close range, arm out", "21"),
    ("above_shoulder", "above the shoulder, body not bigger", "20"),
    ("own_deflection", "own deflection, natural arm", "20"),
    ("close_range", "close range, natural arm", "19"),
    ("falling_support", "falling, supporting arm", "19"),
    ("natural_arm", "tucked arm", "20"),
    ("justified_position", "bigger, justified by movement", "21"),
    ("no_clause_applies", "tucked arm", "18"),
    *(
        ("no_clause_applies", case, "21")
        for case in (
            "tucked arm",
            "tucked arm of a runner",
            "own deflection, natural arm",
            "close range, natural arm",
            "falling, supporting arm",
        )
    ),
]


@pytest.mark.parametrize(("clause", "case", "column"), CLAUSES)
def test_the_ruling_names_the_clause_that_decided(clause: str, case: str, column: str) -> None:
    (row,) = (row for row in ROWS if row.case == case)

    assert decide(read_facts(row.facts), EDITIONS[column]).clause == clause
