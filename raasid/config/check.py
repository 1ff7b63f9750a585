"""A composed configuration against its schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Generic, NamedTuple, TypeVar

from omegaconf import DictConfig
from pydantic import ValidationError

from raasid.config.problems import ConfigProblems, Problem
from raasid.config.resolved import resolved
from raasid.config.schema.section import Section
from raasid.config.schema.types import PLACES_MUST_EXIST
from raasid.config.schema_keys import schema_keys
from raasid.config.wording import explain

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
        config = schema.model_validate(tree, context={PLACES_MUST_EXIST: look})
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
    for path, message in section.complaints():
        yield prefix + path, message
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _complaints(value, f"{prefix}{name}.")
