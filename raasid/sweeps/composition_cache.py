"""Composing the configurations of a sweep's trials: once, and after that only the sampled values are set.

Hydra composes each job from its files again, which takes longer than everything else that a sweep does for a
trial. Trials of one sweep differ in a few values, and in the configurations that are chosen from groups.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cache
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf


class CompositionCache(ConfigLoaderImpl):
    """Hydra's loader, which composes once what the trials of a sweep have in common.

    loader: Hydra's. fixed: the overrides that all trials begin with.
    """

    def __init__(self, loader: ConfigLoader, fixed: Sequence[str]) -> None:
        vars(self).update(vars(loader))
        self._parser = OverridesParser.create()
        self._fixed_texts = list(fixed)
        self._fixed = self._parser.parse_overrides(self._fixed_texts)
        self._composed: dict[tuple[str, ...], bytes | None] = {}
        self._is_group = cache(self.repository.group_exists)

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Return the configuration of a trial, equal to what Hydra composes."""
        begin = len(self._fixed)
        if sweep_overrides[:begin] == self._fixed_texts:
            own = self._parser.parse_overrides(sweep_overrides[begin:])
            try:
                config = self._from_common(master_config, own)
            except HydraException:  # composing everything says it better
                config = None
            if config is not None:
                return config
        return super().load_sweep_config(master_config, sweep_overrides)

    def _from_common(self, master_config: DictConfig, own: Sequence[Override]) -> DictConfig | None:
        """Set the values of a trial; None if the configuration holds something that cannot be pickled."""
        values = [each for each in own if self._sets_a_value(each)]
        common = (*self._fixed, *(each for each in own if each not in values))
        key = tuple(str(each.input_line) for each in common)
        if key not in self._composed:
            self._composed[key] = _pickled(super().load_sweep_config(master_config, list(key)))
        pickled = self._composed[key]
        if pickled is None:
            return None
        config: DictConfig = pickle.loads(pickled)
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
    """A section that is copied by way of pickle, in a third of the time.

    Hydra copies its own section four times for each job.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> QuicklyCopied:
        parent = self._get_parent()
        self._set_parent(None)
        try:
            copied: QuicklyCopied = pickle.loads(pickle.dumps(self))
        finally:
            self._set_parent(parent)
        copied._set_parent(parent)
        return copied


def _pickled(config: DictConfig) -> bytes | None:
    object.__setattr__(config.hydra, "__class__", QuicklyCopied)
    try:
        return pickle.dumps(config)
    except (
        pickle.PicklingError,
        AttributeError,
        TypeError,
    ):  # a class or an object that only this process has
        return None


def _name_overrides(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Record the overrides of the job where Hydra does. overrides: those that are not of `hydra` itself."""
    config.hydra.overrides.task = [each.input_line for each in overrides]
    names = config.hydra.job.config.override_dirname
    config.hydra.job.override_dirname = get_overrides_dirname(
        overrides=list(overrides),
        kv_sep=names.kv_sep,
        item_sep=names.item_sep,
        exclude_keys=names.exclude_keys,
    )
