"""What a field's annotation allows: taken apart for searching, put into words for reading."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import BaseModel, Discriminator, Tag

from raasid.config.schema.target import TagBy

_WORDS = {int: "an integer", float: "a number", bool: "true or false", str: "text"}


class Alternative(NamedTuple):
    """One branch of a union, with what is said about it."""

    annotation: Any
    metadata: tuple[Any, ...]

    @property
    def tag(self) -> str | None:
        """The name under which a tagged union knows this branch."""
        return next((note.tag for note in self.metadata if isinstance(note, Tag)), None)


def alternatives(annotation: Any, metadata: Sequence[Any] = ()) -> list[Alternative]:
    """Return the branches of a union, nested ones too; one branch for what is no union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        return alternatives(inner, (*metadata, *notes))
    if origin in (Union, UnionType):
        return [branch for member in get_args(annotation) for branch in alternatives(member)]
    return [Alternative(annotation, tuple(metadata))]


def discriminator(annotation: Any, metadata: Sequence[Any] = ()) -> TagBy | None:
    """Return what chooses between the branches of a tagged union."""
    for note in metadata:
        chooser = getattr(note.discriminator, "__self__", None) if isinstance(note, Discriminator) else None
        if isinstance(chooser, TagBy):
            return chooser
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        return discriminator(inner, notes)
    if get_origin(annotation) in (Union, UnionType):
        found = (discriminator(member) for member in get_args(annotation))
        return next((chooser for chooser in found if chooser is not None), None)
    return None


def describe(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Say in words what is allowed: `an integer ≥ 1 or null`."""
    branches = alternatives(annotation, metadata)
    words = dict.fromkeys(_one(branch) for branch in branches if branch.annotation is not NoneType)
    if any(branch.annotation is NoneType for branch in branches):
        words["null"] = None
    return (", or " if any("each" in word for word in words) else " or ").join(words)


def _one(branch: Alternative) -> str:
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
