"""Build the object that a configuration section describes."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from typing import Any

from raasid.config.section import ClassSection
from raasid.errors import UsageError


def build(section: ClassSection, /, *arguments: Any, **overrides: Any) -> Any:
    """Import the class that `_target_` names and call it with the section's fields.

    arguments: go first, by position (an optimiser's parameters). overrides: take precedence over fields.
    Fields in `section.not_built` are left out.
    Raises UsageError if the class cannot be found or does not take a field that a user added.
    """
    target = section.target
    fields = {key: getattr(section, key) for key in type(section).model_fields if key != "target"}
    fields |= section.model_extra or {}
    for key in section.not_built:
        fields.pop(key, None)
    cls = find_target(target)
    keywords = {**fields, **overrides}
    with suppress(ValueError):  # a builtin without a signature reports wrong arguments when called
        try:
            signature(cls).bind(*arguments, **keywords)
        except TypeError as error:
            raise UsageError(f"_target_ {target!r} does not fit: {error}") from error
    return cls(*arguments, **keywords)


def find_target(target: str) -> Any:
    """Import what a `_target_` names, without calling it. Raises UsageError if there is no such thing."""
    module_name, _, name = target.rpartition(".")
    if not module_name:
        raise UsageError(f"no _target_ that names a class of a module: {target!r}")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise UsageError(
            f"_target_ {target!r}: there is no module {error.name!r}; install it or correct the name"
        ) from error
    try:
        return getattr(module, name)
    except AttributeError as error:
        near = get_close_matches(name, dir(module), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"_target_ {target!r}: {module_name} has no {name!r}{hint}") from error
