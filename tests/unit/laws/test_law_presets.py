"""One preset an edition, each saying its own name."""

from __future__ import annotations

import yaml

from raasid.config.conf_dir import conf_dir
from raasid.config.law_editions import shipped_editions


def test_every_edition_has_a_preset_that_names_it() -> None:
    presets = {path.stem: yaml.safe_load(path.read_text()) for path in (conf_dir() / "law").glob("*.yaml")}

    assert presets == {name: {"edition": name} for name in shipped_editions()}
