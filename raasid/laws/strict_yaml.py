"""YAML in which a key that is there twice is an error, and not silently the last one."""

from __future__ import annotations

from typing import Any

import yaml


class RepeatedKey(yaml.YAMLError):
    """A mapping that says something twice."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(f"line {line}: {key!r} is there twice")
        self.key, self.line = key, line


class StrictLoader(yaml.SafeLoader):
    """The safe loader, pedantic about keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a repeated key; raises RepeatedKey."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(getattr(key, "value", key))
            if name in seen:
                raise RepeatedKey(name, key.start_mark.line + 1)
            seen.add(name)
        return super().construct_mapping(node, deep)
