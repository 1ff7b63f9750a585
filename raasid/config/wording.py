"""From what pydantic found to what a reader needs: path, expectation, value, nearest name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from raasid.config.annotations import Alternative, alternatives, describe, discriminator
from raasid.config.nearest import did_you_mean
from raasid.config.problems import Problem
from raasid.config.schema.section import Section
from raasid.config.schema.target import FOREIGN, TagBy

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
    def chooser(self) -> TagBy | None:
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
    here: Any = Alternative(schema, ())
    for part in loc:
        branches = [b for b in alternatives(annotation, metadata) if b.annotation is not type(None)]
        if isinstance(part, str) and part.startswith("<"):
            here = next(b for b in branches if b.tag == part)
            annotation, metadata = here
            continue
        if len(branches) != 1:
            break
        step = _step(branches[0], part)
        if step is None:
            break
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        annotation, metadata = step
    return Spot(path, annotation, metadata)


def _step(branch: Alternative, part: int | str) -> tuple[Any, tuple[Any, ...]] | None:
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
    elif kind == "no_such_place":
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
    names = [tag for tag in re.findall(r"<([^>]+)>", expected_tags) if f"<{tag}>" != FOREIGN]
    listed = "one of " + ", ".join(map(repr, names))
    if FOREIGN in expected_tags:
        listed += ", or the dotted name of a class of yours"
    return Problem(path, f"expected {listed}, got {value[key]!r}{did_you_mean(str(value[key]), names)}")
