"""Defaults of `data` are stated once: presets and schema agree, and a derived preset is a delta."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from raasid.datasets.context.tracks_config import TracksConfig
from raasid.datasets.data_config import DataConfig, FilesDataConfig
from raasid.datasets.source_configs import Data, StoreDataConfig, SyntheticDataConfig, YoloDataConfig

PRESETS = Path(__file__).parents[3] / "conf" / "data"
SECTIONS = {section.model_fields["format"].default: section for section in get_args(get_args(Data)[0])}
BASES = [path.stem for path in sorted(PRESETS.glob("*.yaml")) if path.stem in SECTIONS]
DERIVED = [path.stem for path in sorted(PRESETS.glob("synthetic_*.yaml"))]


def stated(preset: str) -> dict[str, Any]:
    return dict(yaml.safe_load((PRESETS / f"{preset}.yaml").read_text(encoding="utf-8")))


def composed(preset: str) -> dict[str, Any]:
    own = stated(preset)
    for parent in own.pop("defaults", []):
        base = composed(parent)
        for key, value in own.items():
            base[key] = base[key] | value if isinstance(base.get(key), dict) else value
        own = base
    return own


@pytest.mark.parametrize("preset", BASES)
def test_a_format_preset_states_the_defaults_of_its_section(preset: str) -> None:
    section = SECTIONS[preset]
    required: dict[str, Any] = {"root": Path(), "dataset": "night"}
    needed = {key: value for key, value in required.items() if key in section.model_fields}
    assert section(**{**composed(preset), **needed}) == section(**needed)


@pytest.mark.parametrize("preset", DERIVED)
def test_a_derived_preset_states_only_its_differences_from_its_parent(preset: str) -> None:
    own = stated(preset)
    (parent,) = own.pop("defaults")
    if "tracks" in own:
        assert TracksConfig(**own.pop("tracks")) == TracksConfig()
    inherited = composed(parent)
    assert {key: value for key, value in own.items() if inherited[key] == value} == {}


def test_every_format_has_a_section_and_a_preset() -> None:
    assert set(BASES) == set(SECTIONS)


def test_a_format_passes_its_own_fields_to_the_reader_and_no_shared_ones() -> None:
    assert YoloDataConfig(root=Path(), ball_class=1).reader_options() == {"ball_class": 1}
    for section in SECTIONS.values():
        if issubclass(section, FilesDataConfig):
            assert not section(root=Path()).reader_options().keys() & DataConfig.model_fields.keys()


@pytest.mark.parametrize("section", [SyntheticDataConfig(), StoreDataConfig(dataset="night")])
def test_sections_can_be_trained_with_as_they_are(section: DataConfig) -> None:
    assert section.size is not None
    assert section.eval_scale is not None
    assert list(section.cross_field_errors()) == []
