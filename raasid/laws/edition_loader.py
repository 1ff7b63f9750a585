"""Load an edition from its YAML file, with everything that it inherits from the edition that it follows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml

from raasid.config.suggestions import did_you_mean
from raasid.errors import DataError
from raasid.laws.condition import AllOf, Condition, ConditionUnreadable, read_condition
from raasid.laws.edition import Clause, Confidence, Edition, Restart, Rule, Sanction, Stage, Verdict

TABLES = ("clauses", "restarts", "sanctions")
_KEYS = ("id", "title", "follows", "valid_from", "valid_until", "competition", "removes", *TABLES, "sources")


class EditionUnreadable(DataError):
    """An invalid edition file."""

    def __init__(self, path: Path, key: str, reason: str) -> None:
        super().__init__(f"{path}: {key}: {reason}")
        self.path, self.key = path, key


def load_edition(path: Path) -> Edition:
    """Load an edition; raises EditionUnreadable, which names the file and the wrong key."""
    chain = [(path, _read_document(path))]
    while (base := chain[-1][1].get("follows")) is not None:
        last, base_path = chain[-1][0], path.with_name(f"{base}.yaml")
        if base_path in [file for file, _ in chain]:
            raise EditionUnreadable(last, "follows", f"goes in a circle: {base!r}")
        if not base_path.is_file():
            hint = did_you_mean(base, sorted(other.stem for other in path.parent.glob("*.yaml")))
            raise EditionUnreadable(last, "follows", f"no such edition: {base!r}{hint}")
        chain.append((base_path, _read_document(base_path)))
    oldest, document = chain.pop()
    edition = _inherit(ValueReader(oldest), document, None)
    for file, document in reversed(chain):
        edition = _inherit(ValueReader(file), document, edition)
    return edition


def _read_document(path: Path) -> dict[str, Any]:
    """Read the file's mapping, and check the keys outside its tables."""
    reader = ValueReader(path)
    try:
        stored = yaml.load(path.read_text(encoding="utf-8"), StrictLoader)
    except RepeatedKey as error:
        raise reader.wrong(error.key, f"is there twice, again in line {error.line}") from error
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise reader.wrong("(whole file)", " ".join(str(error).split())) from error
    document = reader.mapping(stored, "", _KEYS)
    if reader.text(document.get("id"), "id") != path.stem:
        raise reader.wrong("id", f"expected the file's own name, {path.stem!r}, got {document['id']!r}")
    reader.text(document.get("title"), "title")
    reader.texts(document.get("sources"), "sources")
    for key in ("follows", "competition"):
        if document.get(key) is not None:
            reader.text(document[key], key)
    for key in ("valid_from", "valid_until"):
        if document.get(key) is not None and type(document[key]) is not date:
            raise reader.wrong(key, f"expected a day such as 2021-07-01, got {document[key]!r}")
    return document


class ValueReader:
    """Checks the types of values in one file; `key` is the full dotted key, for messages."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wrong(self, key: str, reason: str) -> EditionUnreadable:
        """Return the error for a key."""
        return EditionUnreadable(self.path, key, reason)

    def mapping(self, value: Any, key: str, names: Collection[str] | None = None) -> dict[str, Any]:
        """Return a mapping with text keys, all of them among `names` if given."""
        if not isinstance(value, Mapping):
            raise self.wrong(key, f"expected a mapping, got {value!r}")
        for name in value:
            inner = f"{key}.{name}" if key else str(name)
            if not isinstance(name, str):
                raise self.wrong(inner, f"expected a text, got {name!r}; put quotes round it")
            if names is not None and name not in names:
                raise self.wrong(inner, f"no such key{did_you_mean(name, names)}")
        return dict(value)

    def text(self, value: Any, key: str) -> str:
        """Return a text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            hint = "; put quotes round it" if isinstance(value, int) else ""
            raise self.wrong(key, f"expected a text, got {value!r}{hint}")
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        """Return a list of at least one text."""
        if not isinstance(value, list) or not value:
            raise self.wrong(key, f"expected a list of texts, got {value!r}")
        return tuple(self.text(item, f"{key}[{index}]") for index, item in enumerate(value))

    def one_of(self, value: Any, key: str, values: Sequence[Any]) -> Any:
        """Return a value that is one of `values`."""
        if value not in values:
            raise self.wrong(key, f"expected one of {', '.join(values)}, got {value!r}")
        return value


Part = TypeVar("Part", bound=Clause | Rule[Any])
Given = TypeVar("Given", Restart, Sanction)
EntryReader = Callable[[ValueReader, str, Any, Part | None], Part]
"""Reads one entry of a table: (reader, name, value in the file, inherited entry of that name) -> entry."""


def _inherit(reader: ValueReader, document: Mapping[str, Any], base: Edition | None) -> Edition:
    """Return the complete edition; raises EditionUnreadable.

    An entry with an inherited name changes the keys that it gives. New entries come before inherited ones,
    clauses within their stage, because newer and narrower ones take precedence.
    """
    stages: tuple[Stage, ...] = get_args(Stage)
    restart: EntryReader[Rule[Restart]] = _rule("restarts", get_args(Restart))
    sanction: EntryReader[Rule[Sanction]] = _rule("sanctions", get_args(Sanction))
    clauses = _merge(reader, document, "clauses", base.clauses if base else (), _clause)
    edition = Edition(
        id=document["id"],
        title=document["title"],
        follows=document.get("follows"),
        valid_from=document.get("valid_from"),
        valid_until=document.get("valid_until"),
        competition=document.get("competition"),
        clauses=tuple(sorted(clauses, key=lambda clause: stages.index(clause.stage))),
        restarts=_merge(reader, document, "restarts", base.restarts if base else (), restart),
        sanctions=_merge(reader, document, "sanctions", base.sanctions if base else (), sanction),
        sources=tuple(document["sources"]),
    )
    for table in TABLES:
        parts = getattr(edition, table)
        if not parts or parts[-1].when != AllOf():
            raise reader.wrong(table, "the last entry must hold always: one without `when`")
    return edition


def _merge(
    reader: ValueReader,
    document: Mapping[str, Any],
    table: str,
    inherited: Sequence[Part],
    read: EntryReader[Part],
) -> tuple[Part, ...]:
    removed = reader.mapping(document.get("removes", {}), "removes", TABLES).get(table)
    removed_names = () if removed is None else reader.texts(removed, f"removes.{table}")
    names = [part.name for part in inherited]
    for name in removed_names:
        if name not in names:
            hint = did_you_mean(name, names)
            raise reader.wrong(f"removes.{table}", f"nothing of that name is inherited: {name!r}{hint}")
    kept = {part.name: part for part in inherited if part.name not in removed_names}
    stored = reader.mapping(document.get(table, {}), table)
    own = {name: read(reader, name, entry, kept.get(name)) for name, entry in stored.items()}
    new = [part for name, part in own.items() if name not in kept]
    return (*new, *(own.get(name, part) for name, part in kept.items()))


def _clause(reader: ValueReader, name: str, stored: Any, base: Clause | None) -> Clause:
    key = f"clauses.{name}"
    known = [field.name for field in fields(Clause) if field.name != "name"]
    own = reader.mapping(stored, key, known)
    inherited = {field: getattr(base, field) for field in known} if base is not None else {}
    values = {"confidence": "clear", "sanction": None} | inherited | own
    fixed = values["sanction"]
    return Clause(
        name=name,
        stage=reader.one_of(values.get("stage"), f"{key}.stage", get_args(Stage)),
        when=base.when if base is not None and "when" not in own else _when(reader, own, key),
        decision=reader.one_of(values.get("decision"), f"{key}.decision", get_args(Verdict)),
        confidence=reader.one_of(values["confidence"], f"{key}.confidence", get_args(Confidence)),
        sanction=None if fixed is None else reader.one_of(fixed, f"{key}.sanction", get_args(Sanction)),
        says=reader.text(values.get("says"), f"{key}.says"),
    )


def _rule(table: str, gives: tuple[Given, ...]) -> EntryReader[Rule[Given]]:
    """Return the reader of a table of rules."""

    def read(reader: ValueReader, name: str, stored: Any, base: Rule[Given] | None) -> Rule[Given]:
        key = f"{table}.{name}"
        own = reader.mapping(stored, key, ("when", "gives"))
        when = base.when if base is not None and "when" not in own else _when(reader, own, key)
        given = own.get("gives", base.gives if base else None)
        return Rule(name, when, reader.one_of(given, f"{key}.gives", gives))

    return read


def _when(reader: ValueReader, stored: Mapping[str, Any], key: str) -> Condition:
    try:
        return read_condition(stored.get("when", {}), f"{key}.when")
    except ConditionUnreadable as error:
        raise reader.wrong(error.key, str(error)) from error


class RepeatedKey(yaml.YAMLError):
    """A mapping with a repeated key."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(f"line {line}: {key!r} is there twice")
        self.key, self.line = key, line


class StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, which raises RepeatedKey instead of silently taking the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raise RepeatedKey for a repeated key."""
        names: set[str] = set()
        for key, _ in node.value:
            name = str(getattr(key, "value", key))
            if name in names:
                raise RepeatedKey(name, key.start_mark.line + 1)
            names.add(name)
        return super().construct_mapping(node, deep)
