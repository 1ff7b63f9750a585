"""A trial gets the configuration that Hydra composes, and many trials are composed once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from raasid.sweeps.composition_cache import CompositionCache

FILES = {
    "app.yaml": "defaults: [{net: small}, _self_]\nlr: 0.1\nrate: ${lr}\nlayers: [1, 2]\n"
    "hydra: {job: {name: app}}\n",
    "net/small.yaml": "width: 8\nact: {kind: relu, slope: 0.1}\n",
    "net/large.yaml": "width: 64\nact: {kind: gelu}\nextra: 1\n",
}
FIXED = ("+seed=3", "~layers")
TRIALS = (
    ["lr=0.25"],
    ["lr=0.5", "net.width=16"],
    ["net=large", "lr=1e-3"],
    ["lr=2", "net=large", "net.extra=5"],
    ["+added.deep=x", "net.act.kind='a, b'"],
    ["++lr=null", "+list=[1,2]", "+mapping={a:1}"],
    ["lr=0.125"],
    ["net=small", "lr=7"],
)


@pytest.fixture
def loader(tmp_path: Path) -> Iterator[ConfigLoader]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def master(loader: ConfigLoader, config_name: str = "app") -> DictConfig:
    config: DictConfig = loader.load_configuration(config_name, ["hydra.verbose=false"], RunMode.MULTIRUN)
    return config


@pytest.fixture
def compositions(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The overrides of each composition by Hydra."""
    found: list[list[str]] = []
    compose = ConfigLoaderImpl.load_configuration

    def counted(
        self: ConfigLoaderImpl, config_name: str | None, overrides: list[str], *rest: object, **more: object
    ) -> DictConfig:
        found.append(overrides)
        return compose(self, config_name, overrides, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", counted)
    return found


def test_each_trial_gets_what_hydra_composes(loader: ConfigLoader, compositions: list[list[str]]) -> None:
    cached, config = CompositionCache(loader, FIXED), master(loader)
    composed = [loader.load_sweep_config(config, [*FIXED, *trial]) for trial in TRIALS]
    compositions.clear()
    found = [cached.load_sweep_config(config, [*FIXED, *trial]) for trial in TRIALS]
    for ours, theirs in zip(found, composed, strict=True):
        assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs)
        assert OmegaConf.is_struct(ours)
        assert OmegaConf.is_readonly(ours.hydra) == OmegaConf.is_readonly(theirs.hydra)
    assert found[0].rate == 0.25
    assert len(compositions) == 3, "without a group, with net=large, and with net=small"


def test_trials_do_not_share_their_configuration(loader: ConfigLoader) -> None:
    cached, config = CompositionCache(loader, ()), master(loader)
    first, second = (cached.load_sweep_config(config, ["lr=1"]) for _ in range(2))
    first.net.width = 1000
    first.hydra.job.name = "other"
    assert second.net.width == 8
    assert second.hydra.job.name == "app"


def test_a_copy_of_hydras_section_is_equal_and_independent(loader: ConfigLoader) -> None:
    config = CompositionCache(loader, ()).load_sweep_config(master(loader), ["lr=1"])
    copied = copy.deepcopy(config.hydra)
    assert copied == config.hydra
    assert copied._get_parent() is config
    copied.job.name = "other"
    assert config.hydra.job.name == "app"
    assert copy.deepcopy(config) == config


@pytest.mark.parametrize("wrong", ["lrr=1", "net=huge", "net.width.deep=1", "lr=1,2"])
def test_a_wrong_override_is_named_as_hydra_names_it(loader: ConfigLoader, wrong: str) -> None:
    cached, config = CompositionCache(loader, FIXED), master(loader)
    with pytest.raises(HydraException) as theirs:
        loader.load_sweep_config(config, [*FIXED, wrong])
    with pytest.raises(HydraException) as ours:
        cached.load_sweep_config(config, [*FIXED, wrong])
    assert str(ours.value) == str(theirs.value)


def test_classes_that_only_this_process_knows_keep_their_types(
    loader: ConfigLoader, compositions: list[list[str]]
) -> None:
    @dataclass
    class Local:
        lr: float = 0.1
        mode: int | str = 1

    ConfigStore.instance().store(name="local_class", node=Local)
    cached, config = CompositionCache(loader, ()), master(loader, "local_class")
    compositions.clear()
    one, other = (cached.load_sweep_config(config, [f"lr={lr}", "mode=x"]) for lr in (1, 2))
    assert (one.lr, other.lr, one.mode) == (1.0, 2.0, "x")
    assert OmegaConf.get_type(one) is Local
    assert len(compositions) == 1
    with pytest.raises(HydraException):
        cached.load_sweep_config(config, ["lr=abc"])
