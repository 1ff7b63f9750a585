"""Composing the configurations of a sweep's trials: once, and after that only the sampled values are set.

Hydra composes each job from its files again, which takes longer than everything else that a sweep does for a
trial. Trials of one sweep differ in a few values, and in the configurations that are chosen from groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from functools import cache
from typing import Any

from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, Node, OmegaConf
from omegaconf.base import Box


class CompositionCache(ConfigLoaderImpl):
    """Hydra's loader, which composes once what the trials of a sweep have in common.

    loader: Hydra's. fixed: the overrides that all trials begin with.
    """

    def __init__(self, loader: ConfigLoader, fixed: Sequence[str]) -> None:
        vars(self).update(vars(loader))
        self._parser = OverridesParser.create()
        self._fixed_texts = list(fixed)
        self._fixed = self._parser.parse_overrides(self._fixed_texts)
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._is_group = cache(self.repository.group_exists)

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Return the configuration of a trial, equal to what Hydra composes."""
        begin = len(self._fixed)
        if sweep_overrides[:begin] == self._fixed_texts:
            own = self._parser.parse_overrides(sweep_overrides[begin:])
            with suppress(HydraException):  # composing everything says it better
                return self._from_common(master_config, own)
        return super().load_sweep_config(master_config, sweep_overrides)

    def _from_common(self, master_config: DictConfig, own: Sequence[Override]) -> DictConfig:
        values = [each for each in own if self._sets_a_value(each)]
        common = (*self._fixed, *(each for each in own if each not in values))
        key = tuple(str(each.input_line) for each in common)
        if key not in self._composed:
            self._composed[key] = super().load_sweep_config(master_config, list(key))
            object.__setattr__(self._composed[key].hydra, "__class__", QuicklyCopied)
        config: DictConfig = copy_config(self._composed[key])
        self._apply_overrides_to_config(values, config)
        _name_overrides(config, [each for each in (*self._fixed, *own) if not each.is_hydra_override()])
        OmegaConf.copy_cache(from_config=master_config, to_config=config)
        return config

    def _sets_a_value(self, override: Override) -> bool:
        """Whether an override changes one value of the composed configuration, and not what is composed."""
        chooses = override.package is not None or self._is_group(override.key_or_group)
        one = not (override.is_delete() or override.is_sweep_override() or override.is_hydra_override())
        return one and not chooses


class QuicklyCopied(DictConfig):
    """A section that `copy.deepcopy` copies quickly. Hydra copies its own section four times for each job."""

    def __deepcopy__(self, memo: dict[int, Any]) -> QuicklyCopied:
        copied: QuicklyCopied = copy_config(self, self._get_parent())
        return copied


def copy_config(node: Node, parent: Box | None = None) -> Any:
    """Copy a configuration as `copy.deepcopy` does, in a tenth of the time."""
    copied: Any = object.__new__(type(node))
    attributes, metadata = vars(copied), object.__new__(type(node._metadata))
    vars(metadata).update(vars(node._metadata), flags=dict(node._metadata.flags or {}))
    resolved = node._metadata.resolver_cache
    metadata.resolver_cache = deepcopy(resolved) if resolved else defaultdict(dict)
    attributes.update(vars(node), _parent=parent, _metadata=metadata, _flags_cache=None)
    content = attributes.get("_content")
    if isinstance(content, dict):
        attributes["_content"] = {key: copy_config(value, copied) for key, value in content.items()}
    elif isinstance(content, list):
        attributes["_content"] = [copy_config(value, copied) for value in content]
    elif isinstance(content, Node):  # of a union
        attributes["_content"] = copy_config(content, copied)
    return copied


def _name_overrides(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Record the overrides of the job where Hydra does. overrides: those that are not of `hydra` itself."""
    config.hydra.overrides.task = [each.input_line for each in overrides]
    get_overrides_dirname = getattr(config_loader_impl, "get_overrides_dirname", None)
    if get_overrides_dirname is None:  # Hydra 1.4 has a resolver for it, which reads the overrides
        return
    names = config.hydra.job.config.override_dirname
    config.hydra.job.override_dirname = get_overrides_dirname(
        overrides=list(overrides),
        kv_sep=names.kv_sep,
        item_sep=names.item_sep,
        exclude_keys=names.exclude_keys,
    )
