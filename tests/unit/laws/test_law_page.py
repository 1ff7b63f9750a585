"""docs/laws.md agrees with the code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import get_args

import pytest

from raasid.laws.edition import Stage
from raasid.laws.edition_loader import load_edition
from raasid.laws.edition_lookup import editions_dir
from raasid.laws.facts import fact_values, format_values

PAGE = Path(__file__).resolve().parents[3] / "docs/laws.md"


def test_the_table_of_the_page_has_every_fact_with_its_values() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE.read_text(), re.MULTILINE)

    assert {name: values.replace("` `", ", ").strip("`") for name, values in rows} == {
        name: format_values(values) for name, values in fact_values().items()
    }


def test_the_page_names_the_stages_in_order() -> None:
    assert ", ".join(get_args(Stage)) in " ".join(PAGE.read_text().split())


def test_the_example_of_a_new_season_is_a_valid_edition(tmp_path: Path) -> None:
    for path in editions_dir().glob("*.yaml"):
        shutil.copy(path, tmp_path)
    (example,) = re.findall(r"^```yaml edition\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path / "ifab_2030_31.yaml"
    path.write_text(example)

    edition = load_edition(path)
    assert "own_deflection" in {clause.name for clause in edition.clauses}
    assert "body_bigger_close_range" not in {clause.name for clause in edition.clauses}


def test_the_example_of_a_ruling_gives_the_stated_output(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"^```python run\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(example, {})

    assert capsys.readouterr().out.splitlines() == re.findall(r"^# (.*)$", example, re.MULTILINE)
