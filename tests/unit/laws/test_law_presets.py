"""A preset for every edition, and for the seasons without an edition of their own."""

from __future__ import annotations

import yaml

from raasid.config import conf_dir
from raasid.laws.edition_lookup import edition_for, shipped_editions

PRESETS = {path.stem: yaml.safe_load(path.read_text()) for path in (conf_dir() / "law").glob("*.yaml")}


def test_every_edition_has_a_preset_that_names_it() -> None:
    assert {name: PRESETS[name] for name in shipped_editions()} == {
        name: {"edition": name} for name in shipped_editions()
    }


def test_every_season_since_the_first_is_accepted_and_has_its_edition() -> None:
    seasons = {f"ifab_{year}_{year - 1999}": f"{year}/{year - 1999}" for year in range(2018, 2027)}

    assert set(PRESETS) - {"pl_2020_10"} == set(seasons)
    assert {name: PRESETS[name]["edition"] for name in seasons} == {
        name: edition_for(season).id for name, season in seasons.items()
    }
