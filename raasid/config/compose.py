"""A typed configuration without a run: for notebooks, for tests, for other verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from raasid.config.check import validate
from raasid.config.composer import Composer
from raasid.config.conf_dir import conf_dir
from raasid.config.number_names import quoted
from raasid.config.schema.section import Section

S = TypeVar("S", bound=Section)


def compose(verb: str, schema: type[S], overrides: Sequence[str] = ()) -> S:
    """Return what `raasid <verb> <overrides>` would run with; raises `ConfigProblems`."""
    with Composer(conf_dir(), verb) as composer:
        return validate(schema, composer.compose(quoted(overrides)))
