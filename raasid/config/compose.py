"""Compose configurations with Hydra: `compose` for a typed one, `ConfigComposer` for many small questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

from raasid.config import VERSION_BASE, conf_dir
from raasid.config.section import Section
from raasid.config.validation import validate
from raasid.errors import UsageError

S = TypeVar("S", bound=Section)


def compose(verb: str, schema: type[S], overrides: Sequence[str] = ()) -> S:
    """Return the typed configuration of `raasid <verb> <overrides>` without running it.

    For notebooks, tests and other verbs. Raises ConfigProblems and CompositionError.
    """
    with ConfigComposer(conf_dir(), verb) as composer:
        return validate(schema, composer.compose(overrides))


class CompositionError(UsageError):
    """Hydra refuses to compose; its message in one line."""

    def __init__(self, error: Exception) -> None:
        cause = error.__cause__
        text = f"{error}. {cause}" if isinstance(cause, OmegaConfBaseException) else str(error)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        useful = [line for line in lines if not line.startswith(("full_key", "object_type"))]
        super().__init__("; ".join(useful) or type(error).__name__)


class ConfigComposer(AbstractContextManager["ConfigComposer"]):
    """Composes one root configuration as often as needed inside a `with`, without writing files.

    conf: the folder with `<name>.yaml`. searchpath: more folders, as `--config-dir` gives them.
    """

    def __init__(self, conf: Path, name: str, searchpath: Sequence[str] = ()) -> None:
        self.conf, self.name = conf, name
        self.searchpath = [f"hydra.searchpath=[{','.join(searchpath)}]"] if searchpath else []

    def __enter__(self) -> ConfigComposer:
        GlobalHydra.instance().clear()
        self._hydra = initialize_config_dir(str(self.conf), self.name, VERSION_BASE)
        self._hydra.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hydra.__exit__(kind, error, trace)

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the configuration with its `hydra` part; raises CompositionError."""
        try:
            cfg = hydra_compose(self.name, [*self.searchpath, *overrides], return_hydra_config=True)
        except Exception as error:  # Hydra and OmegaConf raise ten kinds here, TypeError among them
            raise CompositionError(error) from error
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir = str(Path("RUN").absolute())
            cfg.hydra.job.num, cfg.hydra.job.id = 0, "0"
        HydraConfig.instance().set_config(cfg)  # so that ${hydra:…} resolves, as it will in the job
        return cfg

    def options(self, group: str) -> list[str]:
        """Return the names that `group=` can take; empty if there is no such group."""
        return self._list(group, ObjectType.CONFIG)

    def groups(self, parent: str = "") -> Iterator[str]:
        """Yield every group, nested ones as `a/b`."""
        for name in self._list(parent, ObjectType.GROUP):
            group = f"{parent}/{name}" if parent else name
            yield group
            yield from self.groups(group)

    def _list(self, group: str, kind: ObjectType) -> list[str]:
        loader = GlobalHydra.instance().config_loader()
        return loader.get_group_options(group, kind, self.name, list(self.searchpath))
