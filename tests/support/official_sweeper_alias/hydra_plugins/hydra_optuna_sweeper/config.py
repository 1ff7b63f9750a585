"""The samplers' sections as dataclasses, with their functions under the plugin's names."""

from __future__ import annotations

from dataclasses import field, make_dataclass
from typing import Any

from hydra_plugins.raasid_optuna_sweeper.optuna_sweeper import SAMPLERS, raise_motpe_removed

_MOVED = {
    "create_nsgaiii_sampler": "hydra_plugins.hydra_optuna_sweeper._impl.create_nsgaiii_sampler",
    raise_motpe_removed.__name__: f"{__name__}.{raise_motpe_removed.__name__}",
}


def _section(name: str, sampler: str) -> Any:
    options = dict(SAMPLERS[sampler])
    options["_target_"] = _MOVED.get(options["_target_"].rpartition(".")[2], options["_target_"])
    return make_dataclass(name, [(key, Any, field(default=value)) for key, value in options.items()])


CmaEsSamplerConfig = _section("CmaEsSamplerConfig", "cmaes")
GPSamplerConfig = _section("GPSamplerConfig", "gp")
GridSamplerConfig = _section("GridSamplerConfig", "grid")
MOTPESamplerConfig = _section("MOTPESamplerConfig", "motpe")
NSGAIISamplerConfig = _section("NSGAIISamplerConfig", "nsgaii")
NSGAIIISamplerConfig = _section("NSGAIIISamplerConfig", "nsgaiii")
QMCSamplerConfig = _section("QMCSamplerConfig", "qmc")
RandomSamplerConfig = _section("RandomSamplerConfig", "random")
TPESamplerConfig = _section("TPESamplerConfig", "tpe")
