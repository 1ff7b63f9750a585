"""From a composed configuration to plain values, with every broken reference collected."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import (
    InterpolationKeyError,
    InterpolationToMissingValueError,
    OmegaConfBaseException,
)

from raasid.config.problems import Problem

ABSENT = object()


def resolved(cfg: DictConfig) -> tuple[dict[str, Any], list[Problem], list[str]]:
    """Return the tree without `hydra`, what is broken in it, and the keys that still are `???`.

    Broken and missing leaves are left out of the tree.
    """
    problems: list[Problem] = []
    missing: list[str] = []

    def walk(node: DictConfig | ListConfig, key: Any, path: str) -> Any:
        if OmegaConf.is_missing(node, key):
            missing.append(path)
            return ABSENT
        try:
            value = node[key]
        except OmegaConfBaseException as error:
            problems.append(Problem(path, _broken(node, key, error)))
            return ABSENT
        return children(value, path) if isinstance(value, DictConfig | ListConfig) else value

    def children(node: DictConfig | ListConfig, path: str) -> Any:
        if isinstance(node, ListConfig):
            entries = [walk(node, index, f"{path}[{index}]") for index in range(len(node))]
            return [entry for entry in entries if entry is not ABSENT]
        found: dict[str, Any] = {}
        for key in node:
            name = str(key)
            if path or name != "hydra":
                value = walk(node, key, f"{path}.{name}" if path else name)
                if value is not ABSENT:
                    found[name] = value
        return found

    tree: dict[str, Any] = children(cfg, "")
    return tree, problems, missing


def _broken(node: DictConfig | ListConfig, key: Any, error: OmegaConfBaseException) -> str:
    raw = OmegaConf.to_container(node, resolve=False)
    written = raw[key] if isinstance(raw, dict | list) else "?"
    if isinstance(error, InterpolationKeyError):
        return f"refers to '{written}', and there is no such key"
    if isinstance(error, InterpolationToMissingValueError):
        return f"refers to '{written}', which has no value yet"
    return f"'{written}' cannot be resolved: {str(error).splitlines()[0]}"
