"""A copy of this program's code and configuration as they are now, for a job that runs later."""

from __future__ import annotations

import shutil
from importlib.metadata import distributions
from pathlib import Path

import raasid
from raasid.config import conf_dir
from raasid.io.atomic import write_atomic

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.tmp", ".*")


def take_snapshot(folder: Path, config_dir: Path | None = None) -> None:
    """Copy the package, its YAML files and its Hydra plugins into a folder, which goes first in PYTHONPATH.

    `requirements.txt` there lists the versions of everything that is installed; libraries are not copied.
    config_dir: of the user's own YAML files; they are copied to `config` there.
    """
    package = Path(raasid.__file__).parent
    shutil.copytree(package, folder / "raasid", ignore=_IGNORED)
    if not (folder / "raasid" / "conf").is_dir():
        shutil.copytree(conf_dir(), folder / "raasid" / "conf", ignore=_IGNORED)
    for plugin in sorted((package.parent / "hydra_plugins").glob("raasid_*")):
        shutil.copytree(plugin, folder / "hydra_plugins" / plugin.name, ignore=_IGNORED)
    if config_dir is not None:
        shutil.copytree(config_dir, folder / "config", ignore=_IGNORED)
    write_atomic(folder / "requirements.txt", "".join(f"{line}\n" for line in _installed()))


def _installed() -> list[str]:
    found = {str(each.metadata["Name"]): each.version for each in distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items())
