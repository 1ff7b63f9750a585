"""Say what is wrong with a configuration: path, what was expected, the value, the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from raasid.config.schema_tree import Branch, SchemaLocation, discriminator, locate, union_branches
from raasid.config.section import CUSTOM, Section
from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError
from raasid.escaping import is_utf_8, printable

_MAX_PATH_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct: a key or an override, and what was expected of it."""

    path: str
    message: str


class ConfigProblems(UsageError):
    """A configuration that cannot be run; `str` lists every problem, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        width = min(max((len(problem.path) for problem in problems), default=0), _MAX_PATH_WIDTH)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"  {problem.path:<{width}}    {problem.message}".rstrip() for problem in problems]
        super().__init__("\n".join([f"{count} in the configuration", *lines]))


def explain(error: ValidationError, schema: type[Section], known: Collection[str]) -> list[Problem]:
    """Return one problem per wrong key, in pydantic's order; known: keys to suggest."""
    by_path: dict[str, list[tuple[SchemaLocation, ErrorDetails]]] = {}
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        list_too_short = detail["type"] == "missing" and isinstance(loc[-1], int)
        location = locate(schema, loc[:-1] if list_too_short else loc)
        by_path.setdefault(location.path, []).append((location, detail))
    return [_problem(*found[0], alone=len(found) == 1, known=known) for found in by_path.values()]


_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("greater than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
"""Pydantic's error type -> words, key of the bound in the error's context."""


def _problem(
    location: SchemaLocation, detail: ErrorDetails, *, alone: bool, known: Collection[str]
) -> Problem:
    """alone: whether this is the only error at the location, not one for each branch of a union."""
    kind, value = detail["type"], detail["input"]
    if kind in ("union_tag_invalid", "union_tag_not_found") and isinstance(value, Mapping):
        return _wrong_tag(location, value, str(detail.get("ctx", {}).get("expected_tags", "")))
    expected = describe(location.annotation, location.metadata)
    if kind == "extra_forbidden":
        message = "no such key" + did_you_mean(location.path, known)
    elif kind == "missing" and not isinstance(detail["loc"][-1], int):
        hint = f"; choose one with '{location.path}=NAME'" if expected == "a section with keys" else ""
        message = "is missing" + hint
    elif alone and kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        message = f"must be {words} {detail['ctx'][key]:g}, but is {value!r}"
    elif kind in ("no_such_path", "no_such_name"):
        message = detail["msg"]
    elif isinstance(value, str) and not is_utf_8(value):
        message = f"must be UTF-8, but is {printable(value)}; rename it, or name its folder or a link to it"
    else:
        choices = re.findall(r"'([^']*)'", expected) if isinstance(value, str) else []
        message = f"expected {expected}, got {value!r}{did_you_mean(value, choices) if choices else ''}"
    return Problem(location.path, message)


def _wrong_tag(location: SchemaLocation, value: Mapping[str, Any], expected_tags: str) -> Problem:
    tagged_by = discriminator(location.annotation, location.metadata)
    key = tagged_by.key if tagged_by else "_target_"
    path = f"{location.path}.{key}"
    if key not in value:
        return Problem(path, "is missing; it says which class this section builds")
    names = [tag for tag in re.findall(r"<([^>]+)>", expected_tags) if f"<{tag}>" != CUSTOM]
    listed = "one of " + ", ".join(map(repr, names))
    if CUSTOM in expected_tags:
        listed += ", or the dotted name of a class of yours"
    return Problem(path, f"expected {listed}, got {value[key]!r}{did_you_mean(str(value[key]), names)}")


_TYPE_WORDS = {int: "an integer", float: "a number", bool: "true or false", str: "text"}


def describe(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Describe in words what a type allows: `an integer ≥ 1 or null`."""
    branches = union_branches(annotation, metadata)
    words = dict.fromkeys(_describe_branch(b) for b in branches if b.annotation is not NoneType)
    if any(branch.annotation is NoneType for branch in branches):
        words["null"] = None
    return (", or " if any("each" in word for word in words) else " or ").join(words)


def _describe_branch(branch: Branch) -> str:
    annotation, origin = branch.annotation, get_origin(branch.annotation)
    arguments = get_args(annotation)
    if origin is Literal:
        choices = ", ".join(repr(choice) for choice in arguments)
        return choices if len(arguments) == 1 else f"one of {choices}"
    if origin is tuple:
        return f"a list of {len(arguments)}, each {describe(arguments[0])}"
    if origin is list:
        return f"a list, each {describe(arguments[0])}"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "a section with keys"
    return _TYPE_WORDS.get(annotation, "a path") + _describe_bounds(branch.metadata)


def _describe_bounds(metadata: Sequence[Any]) -> str:
    low = next((note for note in metadata if isinstance(note, Ge | Gt)), None)
    high = next((note for note in metadata if isinstance(note, Le | Lt)), None)
    if isinstance(low, Ge) and isinstance(high, Le):
        text = f" between {low.ge} and {high.le}"
    else:
        lower = f"≥ {low.ge}" if isinstance(low, Ge) else f"> {low.gt}" if low else ""
        upper = f"≤ {high.le}" if isinstance(high, Le) else f"< {high.lt}" if high else ""
        bounds = " and ".join(filter(None, (lower, upper)))
        text = f" {bounds}" if bounds else ""
    step = next((note.multiple_of for note in metadata if isinstance(note, MultipleOf)), None)
    return text + (f" in steps of {step}" if step else "")
