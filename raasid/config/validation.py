"""A composed configuration against its schema.

What is wrong with a configuration, all of it at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, OmegaConfBaseException
from pydantic import ValidationError

from raasid.config.error_messages import ConfigProblems, Problem, explain, schema_keys
from raasid.config.section import PATHS_MUST_EXIST, Section

S = TypeVar("S", bound=Section)


class Checked(NamedTuple, Generic[S]):
    """The typed configuration, or None and why."""

    config: S | None
    problems: list[Problem]
    known: list[str]
    """Every key that the schema knows for the chosen sections."""


def check(
    schema: type[S], cfg: DictConfig, guesses: Collection[str] = (), *, look: bool = False
) -> Checked[S]:
    """Resolve and validate; collect everything that is wrong.

    guesses: more names to suggest. look: whether the files and folders that are named have to be there.
    """
    tree, problems, missing = resolved(cfg)
    known = list(schema_keys(schema, tree))
    problems += [Problem(path, f"is required; add {path}=VALUE") for path in missing]
    reported = {problem.path for problem in problems}
    config = None
    try:
        config = schema.model_validate(tree, context={PATHS_MUST_EXIST: look})
    except ValidationError as error:
        found = explain(error, schema, [*known, *guesses])
        problems += [problem for problem in found if problem.path not in reported]
    if config is not None:
        problems += [Problem(path, message) for path, message in _complaints(config)]
    return Checked(config if not problems else None, problems, known)


def validate(schema: type[S], cfg: DictConfig) -> S:
    """Return the typed configuration; raise `ConfigProblems` with all that is wrong."""
    checked = check(schema, cfg)
    if checked.config is None:
        raise ConfigProblems(checked.problems)
    return checked.config


def _complaints(section: Section, prefix: str = "") -> Iterator[tuple[str, str]]:
    for path, message in section.cross_field_errors():
        yield prefix + path, message
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _complaints(value, f"{prefix}{name}.")


def parse_recorded(kind: type[S], recorded: Mapping[str, Any]) -> S:
    """Validate a section that a checkpoint recorded; raises `ConfigProblems` if it does not fit `kind`."""
    try:
        return kind.model_validate(recorded)
    except ValidationError as error:
        raise ConfigProblems(explain(error, kind, ())) from error


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
