"""From what pydantic found to what a reader needs: path, expectation, value, nearest name.

What a field's annotation allows: taken apart for searching, put into words for reading.

Every key that a schema knows, for the sections that a configuration chose.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from raasid.config.section import CUSTOM, Section, TaggedBy
from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError

_WORDS = {int: "an integer", float: "a number", bool: "true or false", str: "text"}


class Branch(NamedTuple):
    """One branch of a union, with its constraints."""

    annotation: Any
    metadata: tuple[Any, ...]


def union_branches(annotation: Any, metadata: Sequence[Any] = ()) -> list[Branch]:
    """Return the branches of a union, nested ones too; one branch for what is no union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        return union_branches(inner, (*metadata, *notes))
    if origin in (Union, UnionType):
        return [branch for member in get_args(annotation) for branch in union_branches(member)]
    return [Branch(annotation, tuple(metadata))]


def discriminator(annotation: Any, metadata: Sequence[Any] = ()) -> TaggedBy | None:
    """Return what chooses between the branches of a tagged union."""
    for note in metadata:
        if isinstance(note, TaggedBy):
            return note
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        return discriminator(inner, notes)
    if get_origin(annotation) in (Union, UnionType):
        found = (discriminator(member) for member in get_args(annotation))
        return next((chooser for chooser in found if chooser is not None), None)
    return None


def describe(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Say in words what is allowed: `an integer ≥ 1 or null`."""
    branches = union_branches(annotation, metadata)
    words = dict.fromkeys(_one(branch) for branch in branches if branch.annotation is not NoneType)
    if any(branch.annotation is NoneType for branch in branches):
        words["null"] = None
    return (", or " if any("each" in word for word in words) else " or ").join(words)


def _one(branch: Branch) -> str:
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
    return _WORDS.get(annotation, "a path") + _bounds(branch.metadata)


def _bounds(metadata: Sequence[Any]) -> str:
    low = next((note for note in metadata if isinstance(note, Ge | Gt)), None)
    high = next((note for note in metadata if isinstance(note, Le | Lt)), None)
    if isinstance(low, Ge) and isinstance(high, Le):
        text = f" between {low.ge} and {high.le}"
    else:
        lower = f"≥ {low.ge}" if isinstance(low, Ge) else f"> {low.gt}" if low else ""
        upper = f"≤ {high.le}" if isinstance(high, Le) else f"< {high.lt}" if high else ""
        text = "".join(f" {bound}" for bound in [" and ".join(filter(None, (lower, upper)))] if bound)
    step = next((note.multiple_of for note in metadata if isinstance(note, MultipleOf)), None)
    return text + (f" in steps of {step}" if step else "")


_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("greater than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "multiple_of": ("a multiple of", "multiple_of"),
}


class Spot(NamedTuple):
    """Where in the schema an error lies."""

    path: str
    annotation: Any
    metadata: tuple[Any, ...]

    @property
    def chooser(self) -> TaggedBy | None:
        """What chooses between the branches here."""
        return discriminator(self.annotation, self.metadata)


def explain(error: ValidationError, schema: type[Section], known: Collection[str]) -> list[Problem]:
    """Return one problem per wrong key, in pydantic's order; `known` are the keys to guess from."""
    groups: dict[str, list[tuple[Spot, ErrorDetails]]] = {}
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        absent = detail["type"] == "missing" and isinstance(
            loc[-1], int
        )  # a list too short: complain of the list
        spot = _locate(schema, loc[:-1] if absent else loc)
        groups.setdefault(spot.path, []).append((spot, detail))
    return [_word(*found[0], alone=len(found) == 1, known=known) for found in groups.values()]


def _locate(schema: type[Section], loc: tuple[int | str, ...]) -> Spot:
    """Follow a location as far as it names keys; pydantic's names of union branches end it."""
    path, annotation, metadata = "", schema, ()
    for part in loc:
        branches = [b for b in union_branches(annotation, metadata) if b.annotation is not type(None)]
        if isinstance(part, str) and part.startswith("<"):
            tagged_by = discriminator(annotation, metadata)
            assert tagged_by is not None
            annotation = next(b.annotation for b in branches if tagged_by.tag_of_branch(b.annotation) == part)
            metadata = ()
            continue
        if len(branches) != 1:
            break
        step = _step(branches[0], part)
        if step is None:
            break
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        annotation, metadata = step
    return Spot(path, annotation, metadata)


def _step(branch: Branch, part: int | str) -> tuple[Any, tuple[Any, ...]] | None:
    annotation, origin = branch.annotation, get_origin(branch.annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                return field.annotation, tuple(field.metadata)
        return Any, ()
    if isinstance(part, int) and origin in (list, tuple):
        members = get_args(annotation)
        return members[min(part, len(members) - 1)], ()
    if origin is dict and part != "[key]":
        return get_args(annotation)[1], ()
    return None


def _word(spot: Spot, detail: ErrorDetails, *, alone: bool, known: Collection[str]) -> Problem:
    kind, value = detail["type"], detail["input"]
    if kind in ("union_tag_invalid", "union_tag_not_found") and isinstance(value, Mapping):
        return _wrong_branch(spot, value, str(detail.get("ctx", {}).get("expected_tags", "")))
    expected = describe(spot.annotation, spot.metadata)
    if kind == "extra_forbidden":
        message = "no such key" + did_you_mean(spot.path, known)
    elif kind == "missing" and not isinstance(detail["loc"][-1], int):
        choose = f"; choose one with '{spot.path}=NAME'" if expected == "a section with keys" else ""
        message = "is missing" + choose
    elif alone and kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        message = f"must be {words} {detail['ctx'][key]:g}, but is {value!r}"
    elif kind == "no_such_path":
        message = detail["msg"]
    else:
        choices = re.findall(r"'([^']*)'", expected) if isinstance(value, str) else []
        message = f"expected {expected}, got {value!r}{did_you_mean(value, choices) if choices else ''}"
    return Problem(spot.path, message)


def _wrong_branch(spot: Spot, value: Mapping[str, Any], expected_tags: str) -> Problem:
    key = spot.chooser.key if spot.chooser else "_target_"
    path = f"{spot.path}.{key}"
    if key not in value:
        return Problem(path, "is missing; it says which class this section builds")
    names = [tag for tag in re.findall(r"<([^>]+)>", expected_tags) if f"<{tag}>" != CUSTOM]
    listed = "one of " + ", ".join(map(repr, names))
    if CUSTOM in expected_tags:
        listed += ", or the dotted name of a class of yours"
    return Problem(path, f"expected {listed}, got {value[key]!r}{did_you_mean(str(value[key]), names)}")


def schema_keys(schema: type[Section], node: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield dotted paths; `node` is the raw tree, which says which branch of a union is meant."""
    for name, field in schema.model_fields.items():
        key = field.alias or name
        yield prefix + key
        branch = chosen(field.annotation, field.metadata, node.get(key))
        if branch is not None:
            yield from _below(branch, node.get(key), f"{prefix}{key}.")


def _below(branch: Branch, value: Any, prefix: str) -> Iterator[str]:
    annotation = branch.annotation
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield from schema_keys(annotation, value if isinstance(value, Mapping) else {}, prefix)
    elif get_origin(annotation) is dict and isinstance(value, Mapping):
        for key, entry in value.items():
            yield f"{prefix}{key}"
            inner = chosen(get_args(annotation)[1], (), entry)
            if inner is not None:
                yield from _below(inner, entry, f"{prefix}{key}.")


def chosen(annotation: Any, metadata: Any, value: Any) -> Branch | None:
    """Return the branch that `value` asks for; the first section where nothing chooses."""
    branches = union_branches(annotation, metadata)
    chooser = discriminator(annotation, metadata)
    if chooser is not None:
        tag = chooser.tag_of_value(value)
        sections = (b for b in branches if b.annotation is not NoneType)
        return next((b for b in sections if chooser.tag_of_branch(b.annotation) == tag), None)
    sections = (b for b in branches if isinstance(b.annotation, type) and issubclass(b.annotation, Section))
    mappings = (b for b in branches if get_origin(b.annotation) is dict)
    return next(sections, None) or next(mappings, None)


WIDEST_PATH = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: a key or an override, and what was expected of it."""

    path: str
    message: str


class ConfigProblems(UsageError):
    """A configuration that cannot be run; `str` lists every problem, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        longest = max((len(problem.path) for problem in problems), default=0)
        width = min(longest, WIDEST_PATH)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"  {problem.path:<{width}}    {problem.message}".rstrip() for problem in problems]
        super().__init__("\n".join([f"{count} in the configuration", *lines]))
