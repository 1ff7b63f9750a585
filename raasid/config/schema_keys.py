"""Every key that a schema knows, for the sections that a configuration chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from raasid.config.annotations import Alternative, alternatives, discriminator
from raasid.config.schema.section import Section


def schema_keys(schema: type[Section], node: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield dotted paths; `node` is the raw tree, which says which branch of a union is meant."""
    for name, field in schema.model_fields.items():
        key = field.alias or name
        yield prefix + key
        branch = chosen(field.annotation, field.metadata, node.get(key))
        if branch is not None:
            yield from _below(branch, node.get(key), f"{prefix}{key}.")


def _below(branch: Alternative, value: Any, prefix: str) -> Iterator[str]:
    annotation = branch.annotation
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield from schema_keys(annotation, value if isinstance(value, Mapping) else {}, prefix)
    elif get_origin(annotation) is dict and isinstance(value, Mapping):
        for key, entry in value.items():
            yield f"{prefix}{key}"
            inner = chosen(get_args(annotation)[1], (), entry)
            if inner is not None:
                yield from _below(inner, entry, f"{prefix}{key}.")


def chosen(annotation: Any, metadata: Any, value: Any) -> Alternative | None:
    """Return the branch that `value` asks for; the first section where nothing chooses."""
    branches = alternatives(annotation, metadata)
    chooser = discriminator(annotation, metadata)
    if chooser is not None:
        tag = chooser.of(value)
        return next((branch for branch in branches if branch.tag == tag), None)
    sections = (b for b in branches if isinstance(b.annotation, type) and issubclass(b.annotation, Section))
    mappings = (b for b in branches if get_origin(b.annotation) is dict)
    return next(sections, None) or next(mappings, None)
