"""The words of a command line, each understood or complained about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from raasid.config.compose import Composer
from raasid.config.error_messages import Problem
from raasid.config.suggestions import did_you_mean, nearest

MOST_VARIANTS = 40
"""Values of one sweep that are tried before it starts; each job checks its own again."""


@dataclass(slots=True)
class Word:
    """One override of the command line."""

    line: str
    parsed: Override
    is_group: bool
    variants: list[str] = field(default_factory=list)
    """The values of a sweep, each as an override of its own; one entry for a plain value."""
    unlisted: bool = False
    """A plain `key=value` for a key that no YAML file sets."""

    @property
    def key(self) -> str:
        """The key or group, without the prefix."""
        return self.parsed.key_or_group

    def composed_as(self, variant: int = 0) -> str:
        """Return the override with which the configuration is composed for checking."""
        line = self.variants[variant]
        return f"++{line}" if self.unlisted else line


def read(lines: Sequence[str], composer: Composer, multirun: bool) -> tuple[list[Word], list[Problem]]:
    """Parse every override; return those that can be composed, and what is wrong with the others."""
    words: list[Word] = []
    problems: list[Problem] = []
    parser = OverridesParser.create()
    for line in lines:
        try:
            parsed = parser.parse_override(line)
        except HydraException as error:
            problems.append(Problem(line, _grammar(line, str(error))))
            continue
        parsed.config_loader = GlobalHydra.instance().config_loader()
        options = composer.options(parsed.key_or_group) if not isinstance(parsed.value(), dict) else []
        word = Word(line, parsed, bool(options))
        problem = _sweep(word, multirun) or _option(word, options)
        if problem is None:
            words.append(word)
        else:
            problems.append(problem)
    return words, problems


def check_keys(words: Sequence[Word], cfg: DictConfig, composer: Composer) -> list[Problem]:
    """Find overrides of keys that are not there; `cfg` is the tree after the choice of groups.

    Marks plain overrides of keys that no YAML file sets as `unlisted`: the schema decides about them.
    """
    problems: list[Problem] = []
    for word in words:
        if word.is_group:
            continue
        problem = _key(word, cfg, composer)
        if problem is not None:
            problems.append(problem)
    return problems


def listed_keys(cfg: DictConfig, prefix: str = "") -> list[str]:
    """Return every dotted key of a tree, inner ones too."""
    keys: list[str] = []
    for key in map(str, cfg):
        path = f"{prefix}{key}"
        keys.append(path)
        if OmegaConf.is_missing(cfg, key) or OmegaConf.is_interpolation(cfg, key):
            continue
        node = cfg[key]
        if isinstance(node, DictConfig):
            keys += listed_keys(node, f"{path}.")
    return keys


def _grammar(line: str, message: str) -> str:
    if "=" not in line and not line.startswith("~"):
        return "is not an override; write key=value"
    return f"cannot be read: {message.splitlines()[0]}; put quotes round values with special characters"


def _sweep(word: Word, multirun: bool) -> Problem | None:
    parsed = word.parsed
    if not parsed.is_sweep_override():
        word.variants = [word.line]
        return None
    if not multirun:
        value = word.line.partition("=")[2]
        return Problem(word.key, f"several values, '{value}', need --multirun; a list is written [{value}]")
    if parsed.is_hydra_override():
        return Problem(word.key, "Hydra's own settings cannot be swept")
    if parsed.is_interval_sweep():
        sweep: Any = parsed.value()
        values = [str(sweep.start)]
    else:
        values = list(parsed.sweep_string_iterator())[:MOST_VARIANTS]
    word.variants = [f"{parsed.get_key_element()}={value}" for value in values]
    if not word.variants:
        return Problem(word.key, f"no value matches '{word.line}'")
    return None


def _option(word: Word, options: list[str]) -> Problem | None:
    if not word.is_group or word.parsed.is_delete():
        return None
    for variant in word.variants:
        asked = variant.partition("=")[2]
        names = [name.strip(" '\"") for name in asked.strip("[]").split(",")]
        for name in names:
            if name not in ("null", "") and name.removesuffix(".yaml") not in options and "/" not in name:
                listed = ", ".join(sorted(options))
                return Problem(
                    word.key, f"no such option: '{name}'{did_you_mean(name, options)} (there are: {listed})"
                )
    return None


def _key(word: Word, cfg: DictConfig, composer: Composer) -> Problem | None:
    key, parsed, exists = word.key, word.parsed, _is_there(cfg, word.key)
    if parsed.is_delete() and not exists:
        return Problem(word.line, "there is no such key to delete" + did_you_mean(key, listed_keys(cfg)))
    if parsed.is_add() and exists and not isinstance(parsed.value(), dict | list):
        return Problem(word.line, f"the key is already there; write it without '+': {word.line[1:]}")
    plain = parsed.type is OverrideType.CHANGE
    return _unknown(word, cfg, composer) if plain and not exists else None


def _unknown(word: Word, cfg: DictConfig, composer: Composer) -> Problem | None:
    """Complain about a key that no YAML file sets, unless the schema may know it."""
    key, value = word.key, word.parsed.value()
    if word.parsed.package is not None or "/" in key:
        return Problem(key, "no such group" + did_you_mean(key, composer.groups()))
    if word.parsed.is_hydra_override():
        return Problem(key, "no such key" + did_you_mean(key, listed_keys(cfg.hydra, "hydra.")))
    parent = key.rpartition(".")[0]
    if parent and _is_single(cfg, parent):
        return Problem(key, f"no such key: '{parent}' is a single value")
    near = nearest(key, composer.groups()) if "." not in key and isinstance(value, str) else None
    if near is not None and near == nearest(key, listed_keys(cfg)):
        return Problem(key, f"no such group; did you mean '{near}={value}'?")
    word.unlisted = True
    return None


def _is_there(cfg: DictConfig, key: str) -> bool:
    parent, _, last = key.rpartition(".")
    try:
        node = OmegaConf.select(cfg, parent, throw_on_missing=False) if parent else cfg
    except OmegaConfBaseException:
        return False
    if isinstance(node, ListConfig):
        return last.isdigit() and int(last) < len(node)
    return isinstance(node, DictConfig) and last in list(node.keys())


def _is_single(cfg: DictConfig, key: str) -> bool:
    try:
        node = OmegaConf.select(cfg, key, throw_on_missing=False)
    except OmegaConfBaseException:
        return False
    return node is not None and not OmegaConf.is_config(node)
