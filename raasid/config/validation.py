"""Validate a composed configuration against its schema, and collect everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, OmegaConfBaseException
from pydantic import ValidationError

from raasid.config.error_messages import ConfigProblems, Problem, explain
from raasid.config.schema_tree import schema_keys
from raasid.config.section import PATHS_MUST_EXIST, Section

S = TypeVar("S", bound=Section)


def validate(schema: type[S], cfg: DictConfig) -> S:
    """Return the typed configuration; raise ConfigProblems with everything that is wrong."""
    checked = check(schema, cfg)
    if checked.config is None:
        raise ConfigProblems(checked.problems)
    return checked.config


def parse_recorded(schema: type[S], recorded: Mapping[str, Any]) -> S:
    """Validate a section that a checkpoint recorded; raises ConfigProblems if it does not fit the schema."""
    try:
        config = schema.model_validate(recorded)
    except ValidationError as error:
        raise ConfigProblems(explain(error, schema, ())) from error
    if problems := [Problem(path, message) for path, message in _cross_field_errors(config)]:
        raise ConfigProblems(problems)
    return config


class Checked(NamedTuple, Generic[S]):
    """The typed configuration, or None and the problems."""

    config: S | None
    problems: list[Problem]
    known: list[str]
    """Every key of the schema, for the chosen sections."""


def check(
    schema: type[S], cfg: DictConfig, suggestions: Collection[str] = (), *, paths_must_exist: bool = False
) -> Checked[S]:
    """Resolve and validate; collect everything that is wrong.

    suggestions: more names to suggest. paths_must_exist: whether named files and folders have to exist.
    """
    tree, problems, missing = resolve(cfg)
    known = list(schema_keys(schema, tree))
    problems += [Problem(path, f"is required; add {path}=VALUE") for path in missing]
    reported = {problem.path for problem in problems}
    config = None
    try:
        config = schema.model_validate(tree, context={PATHS_MUST_EXIST: paths_must_exist})
    except ValidationError as error:
        found = explain(error, schema, [*known, *suggestions])
        problems += [problem for problem in found if problem.path not in reported]
    if config is not None:
        problems += [Problem(path, message) for path, message in _cross_field_errors(config)]
    return Checked(config if not problems else None, problems, known)


def _cross_field_errors(section: Section, prefix: str = "") -> Iterator[tuple[str, str]]:
    for path, message in section.cross_field_errors():
        yield prefix + path, message
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _cross_field_errors(value, f"{prefix}{name}.")


_ABSENT = object()


def resolve(cfg: DictConfig) -> tuple[dict[str, Any], list[Problem], list[str]]:
    """Return the tree without `hydra`, its broken references, and the keys that are still `???`.

    Broken and missing leaves are left out of the tree.
    """
    problems: list[Problem] = []
    missing: list[str] = []

    def walk(node: DictConfig | ListConfig, key: Any, path: str) -> Any:
        if OmegaConf.is_missing(node, key):
            missing.append(path)
            return _ABSENT
        try:
            value = node[key]
        except OmegaConfBaseException as error:
            problems.append(Problem(path, _unresolved(node, key, error)))
            return _ABSENT
        return children(value, path) if isinstance(value, DictConfig | ListConfig) else value

    def children(node: DictConfig | ListConfig, path: str) -> Any:
        if isinstance(node, ListConfig):
            entries = [walk(node, index, f"{path}[{index}]") for index in range(len(node))]
            return [entry for entry in entries if entry is not _ABSENT]
        found: dict[str, Any] = {}
        for key in node:
            name = str(key)
            if path or name != "hydra":
                value = walk(node, key, f"{path}.{name}" if path else name)
                if value is not _ABSENT:
                    found[name] = value
        return found

    tree: dict[str, Any] = children(cfg, "")
    return tree, problems, missing


def _unresolved(node: DictConfig | ListConfig, key: Any, error: OmegaConfBaseException) -> str:
    raw = OmegaConf.to_container(node, resolve=False)
    written = raw[key] if isinstance(raw, dict | list) else "?"
    if isinstance(error, InterpolationKeyError):
        return f"refers to '{written}', and there is no such key"
    if isinstance(error, InterpolationToMissingValueError):
        return f"refers to '{written}', which has no value yet"
    return f"'{written}' cannot be resolved: {str(error).splitlines()[0]}"
