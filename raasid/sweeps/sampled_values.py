"""Whether a run has the values that were sampled for its trial.

A sampled value can be lost where another override of the same trial sets the key again, where a callback or a
launcher changes the configuration, or where a queued trial names a key that is not searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import TaskFunction
from omegaconf import DictConfig, OmegaConf
from optuna.trial import Trial

from raasid.errors import RaasidError
from raasid.sweeps.current_trial import current_trial
from raasid.sweeps.search_space import bare_key, override_text


class SampledValueLost(RaasidError):
    """A run that does not have a value that was sampled for it."""


class CheckedTask:
    """An application's task function, which refuses to run without the values of its trial."""

    def __init__(self, task: TaskFunction) -> None:
        self._task = task

    def __call__(self, config: DictConfig) -> Any:
        """Check, then run. Raises SampledValueLost."""
        trial = current_trial()
        if trial is not None:
            lost = list(find_lost_values(trial.params, config, HydraConfig.get()))
            if lost:
                raise SampledValueLost("; ".join(lost))
        return self._task(config)


def check_params(trial: Trial, fixed: Mapping[str, str]) -> None:
    """Check what was sampled, before the run. fixed: overrides that are the same in every trial.

    Raises SampledValueLost: a key is fixed as well, or the trial was queued with other values.
    """
    params = trial.params
    names = {bare_key(key): value for key, value in fixed.items()}
    for key, value in params.items():
        if (name := bare_key(key)) in names:
            raise SampledValueLost(
                f"overlapping fixed and searched keys: {key} was sampled as {value}, and {name} is fixed to "
                f"{names[name]}; take one of them away"
            )
    attributes = trial.storage.get_trial_system_attrs(trial._trial_id)
    for key, queued in attributes.get("fixed_params", {}).items():
        if key not in params:
            raise SampledValueLost(f"{key}: {queued} was queued, but the sweep does not search this key")
        if params[key] != queued:
            raise SampledValueLost(f"{key}: {queued} was queued, but {params[key]} was sampled")


def find_lost_values(params: Mapping[str, Any], config: DictConfig, hydra: Any) -> Iterator[str]:
    """Yield a sentence for each sampled value that a run does not have.

    params: key as in an override -> sampled value. config, hydra: the run's configuration, and its `hydra`.
    """
    parser = OverridesParser.create()
    for key, value in params.items():
        name, text = bare_key(key), override_text(key, value)
        if name in hydra.runtime.choices:
            effective: Any = hydra.runtime.choices[name]
        else:
            root = OmegaConf.create({"hydra": hydra}) if name.startswith("hydra.") else config
            effective = OmegaConf.select(root, name.partition("@")[0].replace("/", "."), default=_MISSING)
        effective = _to_plain(effective)
        if effective is _MISSING:
            yield f"{key}: {value} was sampled, but the run has no such key"
        elif not _contains(effective, parser.parse_override(text).value()):
            yield f"{key}: {value} was sampled, but the run has {effective}, which something else has set"


_MISSING = object()


def _to_plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _contains(effective: Any, sampled: Any) -> bool:
    """Whether a value is what an override has set; a mapping may have more keys, as overrides are merged."""
    if isinstance(sampled, Mapping):
        return isinstance(effective, Mapping) and all(
            str(key) in map(str, effective) and _contains(effective[key], value)
            for key, value in sampled.items()
        )
    if isinstance(sampled, list):
        return (
            isinstance(effective, list | tuple)
            and len(effective) == len(sampled)
            and all(map(_contains, effective, sampled))
        )
    if isinstance(sampled, str) and "${" in sampled:
        return True  # refers to another value
    if isinstance(effective, Enum):
        effective = effective.name
    if isinstance(sampled, int | float) and isinstance(effective, int | float):
        return effective == sampled
    return str(effective).removesuffix(".yaml") == str(sampled).removesuffix(".yaml")
