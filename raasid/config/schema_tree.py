"""Walk a schema: the branches of unions, every key, and what is allowed at a location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from raasid.config.section import Section, TaggedBy


class Branch(NamedTuple):
    """One branch of a union, with its constraints."""

    annotation: Any
    metadata: tuple[Any, ...]

    @property
    def section(self) -> type[Section] | None:
        """The section that the branch is, if it is one."""
        is_section = isinstance(self.annotation, type) and issubclass(self.annotation, Section)
        return self.annotation if is_section else None


def union_branches(annotation: Any, metadata: Sequence[Any] = ()) -> list[Branch]:
    """Return the branches of a union, nested ones too; a single branch for any other type."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        return union_branches(inner, (*metadata, *notes))
    if origin in (Union, UnionType):
        return [branch for member in get_args(annotation) for branch in union_branches(member)]
    return [Branch(annotation, tuple(metadata))]


def discriminator(annotation: Any, metadata: Sequence[Any] = ()) -> TaggedBy | None:
    """Return what chooses between the branches of a tagged union; None for any other type."""
    for note in metadata:
        if isinstance(note, TaggedBy):
            return note
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        return discriminator(inner, notes)
    if get_origin(annotation) in (Union, UnionType):
        found = (discriminator(member) for member in get_args(annotation))
        return next((tagged_by for tagged_by in found if tagged_by is not None), None)
    return None


def schema_keys(schema: type[Section], node: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every key; `node` is the raw tree, which chooses the branches of unions."""
    for name, field in schema.model_fields.items():
        key = field.alias or name
        yield prefix + key
        branch = _chosen_branch(field.annotation, field.metadata, node.get(key))
        if branch is not None:
            yield from _keys_below(branch, node.get(key), f"{prefix}{key}.")


def _keys_below(branch: Branch, value: Any, prefix: str) -> Iterator[str]:
    if branch.section is not None:
        yield from schema_keys(branch.section, value if isinstance(value, Mapping) else {}, prefix)
    elif get_origin(branch.annotation) is dict and isinstance(value, Mapping):
        for key, entry in value.items():
            yield f"{prefix}{key}"
            inner = _chosen_branch(get_args(branch.annotation)[1], (), entry)
            if inner is not None:
                yield from _keys_below(inner, entry, f"{prefix}{key}.")


def _chosen_branch(annotation: Any, metadata: Any, value: Any) -> Branch | None:
    """Return the branch that `value` chooses; without a discriminator the first section or mapping."""
    branches = union_branches(annotation, metadata)
    tagged_by = discriminator(annotation, metadata)
    if tagged_by is not None:
        return _tagged_branch(branches, tagged_by, tagged_by.tag_of_value(value))
    sections = (branch for branch in branches if branch.section is not None)
    mappings = (branch for branch in branches if get_origin(branch.annotation) is dict)
    return next(sections, None) or next(mappings, None)


def _tagged_branch(branches: Sequence[Branch], tagged_by: TaggedBy, tag: str | None) -> Branch | None:
    sections = ((branch, branch.section) for branch in branches)
    return next((b for b, section in sections if section and tagged_by.tag_of_branch(section) == tag), None)


class SchemaLocation(NamedTuple):
    """A place in the schema: its dotted path and what is allowed there."""

    path: str
    annotation: Any
    metadata: tuple[Any, ...]


def locate(schema: type[Section], loc: tuple[int | str, ...]) -> SchemaLocation:
    """Follow the location of a pydantic error as far as it names keys.

    Tags of branches, `<…>`, select a branch; pydantic's own names of union branches end the walk.
    """
    path = ""
    annotation: Any = schema
    metadata: tuple[Any, ...] = ()
    for part in loc:
        branches = [
            branch for branch in union_branches(annotation, metadata) if branch.annotation is not NoneType
        ]
        if isinstance(part, str) and part.startswith("<"):
            tagged_by = discriminator(annotation, metadata)
            chosen = _tagged_branch(branches, tagged_by, part) if tagged_by else None
            if chosen is None:
                break
            annotation, metadata = chosen
            continue
        if len(branches) != 1:
            break
        step = _step(branches[0], part)
        if step is None:
            break
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        annotation, metadata = step
    return SchemaLocation(path, annotation, metadata)


def _step(branch: Branch, part: int | str) -> tuple[Any, tuple[Any, ...]] | None:
    origin = get_origin(branch.annotation)
    if branch.section is not None:
        for name, field in branch.section.model_fields.items():
            if part in (name, field.alias):
                return field.annotation, tuple(field.metadata)
        return Any, ()
    if isinstance(part, int) and origin in (list, tuple):
        members = get_args(branch.annotation)
        return members[min(part, len(members) - 1)], ()
    if origin is dict and part != "[key]":
        return get_args(branch.annotation)[1], ()
    return None
