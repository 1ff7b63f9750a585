"""Parse the overrides of a command line, and check their groups, options and keys."""

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

from raasid.config.compose import ConfigComposer
from raasid.config.error_messages import Problem
from raasid.config.suggestions import did_you_mean, nearest

MAX_SWEEP_VALUES = 40
"""Values of one sweep that are checked before it starts; each job checks its own again."""


@dataclass(slots=True)
class ParsedOverride:
    """One override of the command line."""

    text: str
    """As it was typed."""
    parsed: Override
    is_group: bool
    variants: list[str] = field(default_factory=list)
    """The values of a sweep, each as an override of its own; a single entry for a plain value."""
    unlisted: bool = False
    """A plain `key=value` for a key that no YAML file sets."""

    @property
    def key(self) -> str:
        """The key or group, without the prefix."""
        return self.parsed.key_or_group

    def to_compose(self, variant: int = 0) -> str:
        """Return the override with which the configuration is composed for checking."""
        text = self.variants[variant]
        return f"++{text}" if self.unlisted else text


def parse_overrides(
    texts: Sequence[str], composer: ConfigComposer, multirun: bool
) -> tuple[list[ParsedOverride], list[Problem]]:
    """Parse every override; return those that can be composed, and the problems of the others."""
    overrides: list[ParsedOverride] = []
    problems: list[Problem] = []
    parser = OverridesParser.create()
    for text in texts:
        try:
            parsed = parser.parse_override(text)
        except HydraException as error:
            problems.append(Problem(text, _syntax_message(text, str(error))))
            continue
        parsed.config_loader = GlobalHydra.instance().config_loader()
        options = composer.options(parsed.key_or_group) if not isinstance(parsed.value(), dict) else []
        override = ParsedOverride(text, parsed, bool(options))
        problem = _expand_sweep(override, multirun) or _check_option(override, options)
        if problem is None:
            overrides.append(override)
        else:
            problems.append(problem)
    return overrides, problems


def check_keys(
    overrides: Sequence[ParsedOverride], cfg: DictConfig, composer: ConfigComposer
) -> list[Problem]:
    """Find overrides of keys that do not exist; `cfg` is the tree after the choice of groups.

    Marks plain overrides of keys that no YAML file sets as `unlisted`: the schema decides about them.
    """
    found = (_check_key(override, cfg, composer) for override in overrides if not override.is_group)
    return [problem for problem in found if problem is not None]


def dotted_keys(cfg: DictConfig, prefix: str = "") -> list[str]:
    """Return the dotted path of every key of a tree, inner nodes included."""
    keys: list[str] = []
    for key in map(str, cfg):
        path = f"{prefix}{key}"
        keys.append(path)
        if OmegaConf.is_missing(cfg, key) or OmegaConf.is_interpolation(cfg, key):
            continue
        node = cfg[key]
        if isinstance(node, DictConfig):
            keys += dotted_keys(node, f"{path}.")
    return keys


def _syntax_message(text: str, message: str) -> str:
    if "=" not in text and not text.startswith("~"):
        return "is not an override; write key=value"
    if "choice(" in text and "NoneType" in message:
        return "null cannot stand in choice(…); write the values without it, as KEY=null,true"
    return f"cannot be read: {message.splitlines()[0]}; put quotes round values with special characters"


def _expand_sweep(override: ParsedOverride, multirun: bool) -> Problem | None:
    """Fill `variants`."""
    parsed = override.parsed
    if not parsed.is_sweep_override():
        override.variants = [override.text]
        return None
    if not multirun:
        value = override.text.partition("=")[2]
        return Problem(
            override.key, f"several values, '{value}', need --multirun; a list is written [{value}]"
        )
    if parsed.is_hydra_override():
        return Problem(override.key, "Hydra's own settings cannot be swept")
    if parsed.is_interval_sweep():
        sweep: Any = parsed.value()
        values = [str(sweep.start)]
    else:
        values = list(parsed.sweep_string_iterator())[:MAX_SWEEP_VALUES]
    override.variants = [f"{parsed.get_key_element()}={value}" for value in values]
    if not override.variants:
        return Problem(override.key, f"no value matches '{override.text}'")
    return None


def _check_option(override: ParsedOverride, options: list[str]) -> Problem | None:
    if not override.is_group or override.parsed.is_delete():
        return None
    for variant in override.variants:
        value = variant.partition("=")[2]
        names = [name.strip(" '\"") for name in value.strip("[]").split(",")]
        for name in names:
            if name not in ("null", "") and name.removesuffix(".yaml") not in options and "/" not in name:
                listed = ", ".join(sorted(options))
                return Problem(
                    override.key,
                    f"no such option: '{name}'{did_you_mean(name, options)} (there are: {listed})",
                )
    return None


def _check_key(override: ParsedOverride, cfg: DictConfig, composer: ConfigComposer) -> Problem | None:
    key, parsed, exists = override.key, override.parsed, _exists(cfg, override.key)
    if parsed.is_delete() and not exists:
        return Problem(override.text, "there is no such key to delete" + did_you_mean(key, dotted_keys(cfg)))
    if parsed.is_add() and exists and not isinstance(parsed.value(), dict | list):
        return Problem(override.text, f"the key is already there; write it without '+': {override.text[1:]}")
    plain = parsed.type is OverrideType.CHANGE
    return _check_unlisted_key(override, cfg, composer) if plain and not exists else None


def _check_unlisted_key(
    override: ParsedOverride, cfg: DictConfig, composer: ConfigComposer
) -> Problem | None:
    """Report a key that no YAML file sets, unless the schema may know it; then mark it as `unlisted`."""
    key, value = override.key, override.parsed.value()
    if override.parsed.package is not None or "/" in key:
        return Problem(key, "no such group" + did_you_mean(key, composer.groups()))
    if override.parsed.is_hydra_override():
        return Problem(key, "no such key" + did_you_mean(key, dotted_keys(cfg.hydra, "hydra.")))
    parent = key.rpartition(".")[0]
    if parent and _is_single_value(cfg, parent):
        return Problem(key, f"no such key: '{parent}' is a single value")
    near = nearest(key, composer.groups()) if "." not in key and isinstance(value, str) else None
    if near is not None and near == nearest(key, dotted_keys(cfg)):
        return Problem(key, f"no such group; did you mean '{near}={value}'?")
    override.unlisted = True
    return None


def _exists(cfg: DictConfig, key: str) -> bool:
    parent, _, last = key.rpartition(".")
    try:
        node = OmegaConf.select(cfg, parent, throw_on_missing=False) if parent else cfg
    except OmegaConfBaseException:
        return False
    if isinstance(node, ListConfig):
        return last.isdigit() and int(last) < len(node)
    return isinstance(node, DictConfig) and last in list(node.keys())


def _is_single_value(cfg: DictConfig, key: str) -> bool:
    try:
        node = OmegaConf.select(cfg, key, throw_on_missing=False)
    except OmegaConfBaseException:
        return False
    return node is not None and not OmegaConf.is_config(node)
