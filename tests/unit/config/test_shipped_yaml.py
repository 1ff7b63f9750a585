"""Every YAML file that ships."""

from __future__ import annotations

import inspect
import re
import statistics
from pathlib import Path

import lightning.pytorch as pl
import pytest

from raasid.cli.verbs import VERBS
from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.preflight import preflight
from raasid.lazy import load_object
from raasid.training.config import TrainerConfig

CONF = conf_dir()
SCHEDULE = CONF / "retraining_schedule.yaml"
"""No configuration of a verb; the tests of `raasid.triggers.schedule` read it."""
FILES = sorted(path for path in CONF.rglob("[!_]*.yaml") if "local" not in path.parts and path != SCHEDULE)
NEEDS = {
    "sweep": ("hparams_search=ball",),
    "data/store": ("data.dataset=x",),
    "evaluate": ("ckpt_path=last",),
    "model/pose_mediapipe": ("model.task_file=pyproject.toml",),
    "export": ("ckpt_path=last",),
    "import": ("name=x",),
    "collect": ("source=.",),
    "review": ("source=.",),
}
VERB_OF = {"law": "relabel"}
"""Groups that `train` does not have."""


def words_for(path: Path) -> tuple[str, list[str]]:
    name = path.relative_to(CONF).with_suffix("").as_posix()
    embedded = not name.startswith("data/") or name.startswith(("data/synthetic", "data/store"))
    words = list(NEEDS.get(name, () if embedded else ("data.root=.",)))
    if "/" not in name:
        return name, words
    group, _, option = name.rpartition("/")
    return VERB_OF.get(group, "train"), [f"{group}={option}", *words]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONF).as_posix())
def test_it_composes_and_is_valid(path: Path) -> None:
    verb, words = words_for(path)
    with ConfigComposer(CONF, verb) as composer:
        assert preflight(load_object(VERBS[verb].schema), composer, words, False).config


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONF).as_posix())
def test_its_head_carries_the_command_that_uses_it(path: Path) -> None:
    head = next(line for line in path.read_text().splitlines() if not line.startswith("# @package"))

    assert head.startswith("# ")
    assert re.search(r"\.py |raasid [a-z]+ ", head)


def test_files_are_short() -> None:
    assert statistics.median(len(path.read_text().splitlines()) for path in FILES) <= 15


def test_every_verb_has_its_root_and_every_root_its_verb() -> None:
    assert {path.stem for path in CONF.glob("*.yaml") if path != SCHEDULE} == set(VERBS)


def test_the_trainer_section_has_every_argument_of_lightnings_trainer() -> None:
    arguments = set(inspect.signature(pl.Trainer.__init__).parameters) - {
        "self",
        "callbacks",
        "logger",
        "plugins",
    }

    assert set(TrainerConfig.model_fields) == arguments
