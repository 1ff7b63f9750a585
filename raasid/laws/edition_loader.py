"""An edition's YAML file, with all that it inherits from files beside it.

Questions that every part of an edition's file is asked; the answer is silence or EditionUnreadable.

An edition's differences, put over the edition that it follows.

YAML in which a key that is there twice is an error, and not silently the last one.
"""

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


class EditionUnreadable(DataError):
    """An edition's file that says something no edition can say."""

    def __init__(self, path: Path, key: str, reason: str) -> None:
        super().__init__(f"{path}: {key}: {reason}")
        self.path, self.key = path, key


class Checks:
    """Checks of one file's values; keys are given in full, as a reader would look for them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wrong(self, key: str, reason: str) -> EditionUnreadable:
        """Make the error about one key."""
        return EditionUnreadable(self.path, key, reason)

    def mapping(self, value: Any, key: str, names: Collection[str] | None = None) -> dict[str, Any]:
        """Return a mapping whose keys are texts, all of them among `names` where these are given."""
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
        """Return a text that says something."""
        if not isinstance(value, str) or not value.strip():
            hint = "; put quotes round it" if isinstance(value, int) else ""
            raise self.wrong(key, f"expected a text, got {value!r}{hint}")
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        """Return a list of texts, at least one."""
        if not isinstance(value, list) or not value:
            raise self.wrong(key, f"expected a list of texts, got {value!r}")
        return tuple(self.text(one, f"{key}[{place}]") for place, one in enumerate(value))

    def one_of(self, value: Any, key: str, values: Sequence[Any]) -> Any:
        """Return one of a few words."""
        if value not in values:
            raise self.wrong(key, f"expected one of {', '.join(values)}, got {value!r}")
        return value


TABLES = ("clauses", "restarts", "sanctions")
Part = TypeVar("Part", bound=Clause | Rule[Any])
Given = TypeVar("Given", Restart, Sanction)
Read = Callable[[Checks, str, Any, Part | None], Part]
"""Make one entry of a table from (checks, name, what the file says, what is inherited under that name)."""


def inherit(check: Checks, document: Mapping[str, Any], base: Edition | None) -> Edition:
    """Make the complete edition; raises EditionUnreadable.

    An entry of an inherited name changes it in the keys that it gives. New entries are read before
    those that they find, clauses within their stage: the newer and narrower word comes first.
    """
    stages: tuple[Stage, ...] = get_args(Stage)
    restart: Read[Rule[Restart]] = _rule("restarts", get_args(Restart))
    sanction: Read[Rule[Sanction]] = _rule("sanctions", get_args(Sanction))
    clauses = _over(check, document, "clauses", base.clauses if base else (), _clause)
    edition = Edition(
        id=document["id"],
        title=document["title"],
        follows=document.get("follows"),
        valid_from=document.get("valid_from"),
        valid_until=document.get("valid_until"),
        competition=document.get("competition"),
        clauses=tuple(sorted(clauses, key=lambda clause: stages.index(clause.stage))),
        restarts=_over(check, document, "restarts", base.restarts if base else (), restart),
        sanctions=_over(check, document, "sanctions", base.sanctions if base else (), sanction),
        sources=tuple(document["sources"]),
    )
    for table in TABLES:
        parts = getattr(edition, table)
        if not parts or parts[-1].when != AllOf():
            raise check.wrong(table, "the last entry must hold always: one without `when`")
    return edition


def _over(
    check: Checks, document: Mapping[str, Any], table: str, inherited: Sequence[Part], read: Read[Part]
) -> tuple[Part, ...]:
    removed = check.mapping(document.get("removes", {}), "removes", TABLES).get(table)
    gone = () if removed is None else check.texts(removed, f"removes.{table}")
    names = [part.name for part in inherited]
    for name in gone:
        if name not in names:
            guess = did_you_mean(name, names)
            raise check.wrong(f"removes.{table}", f"nothing of that name is inherited: {name!r}{guess}")
    kept = {part.name: part for part in inherited if part.name not in gone}
    stored = check.mapping(document.get(table, {}), table)
    own = {name: read(check, name, entry, kept.get(name)) for name, entry in stored.items()}
    new = [part for name, part in own.items() if name not in kept]
    return (*new, *(own.get(name, part) for name, part in kept.items()))


def _clause(check: Checks, name: str, stored: Any, base: Clause | None) -> Clause:
    key = f"clauses.{name}"
    known = [field.name for field in fields(Clause) if field.name != "name"]
    own = check.mapping(stored, key, known)
    inherited = {field: getattr(base, field) for field in known} if base is not None else {}
    told = {"confidence": "clear", "sanction": None} | inherited | own
    fixed = told["sanction"]
    return Clause(
        name=name,
        stage=check.one_of(told.get("stage"), f"{key}.stage", get_args(Stage)),
        when=base.when if base is not None and "when" not in own else _when(check, own, key),
        decision=check.one_of(told.get("decision"), f"{key}.decision", get_args(Verdict)),
        confidence=check.one_of(told["confidence"], f"{key}.confidence", get_args(Confidence)),
        sanction=None if fixed is None else check.one_of(fixed, f"{key}.sanction", get_args(Sanction)),
        says=check.text(told.get("says"), f"{key}.says"),
    )


def _rule(table: str, gives: tuple[Given, ...]) -> Read[Rule[Given]]:
    """Make the reader of a table of consequences."""

    def read(check: Checks, name: str, stored: Any, base: Rule[Given] | None) -> Rule[Given]:
        key = f"{table}.{name}"
        own = check.mapping(stored, key, ("when", "gives"))
        when = base.when if base is not None and "when" not in own else _when(check, own, key)
        given = own.get("gives", base.gives if base else None)
        return Rule(name, when, check.one_of(given, f"{key}.gives", gives))

    return read


def _when(check: Checks, stored: Mapping[str, Any], key: str) -> Condition:
    try:
        return read_condition(stored.get("when", {}), f"{key}.when")
    except ConditionUnreadable as error:
        raise check.wrong(error.key, str(error)) from error


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


_KEYS = ("id", "title", "follows", "valid_from", "valid_until", "competition", "removes", *TABLES, "sources")


def load_edition(path: Path) -> Edition:
    """Read an edition; raises EditionUnreadable, naming the file and the key that is wrong."""
    chain = [(path, _document(path))]
    while (before := chain[-1][1].get("follows")) is not None:
        last, beside = chain[-1][0], path.with_name(f"{before}.yaml")
        if beside in [seen for seen, _ in chain]:
            raise EditionUnreadable(last, "follows", f"goes in a circle: {before!r}")
        if not beside.is_file():
            guess = did_you_mean(before, sorted(other.stem for other in path.parent.glob("*.yaml")))
            raise EditionUnreadable(last, "follows", f"no such edition: {before!r}{guess}")
        chain.append((beside, _document(beside)))
    oldest, document = chain.pop()
    edition = inherit(Checks(oldest), document, None)
    for file, document in reversed(chain):
        edition = inherit(Checks(file), document, edition)
    return edition


def _document(path: Path) -> dict[str, Any]:
    """Read the file's mapping and check what stands outside its tables."""
    check = Checks(path)
    try:
        stored = yaml.load(path.read_text(encoding="utf-8"), StrictLoader)
    except RepeatedKey as error:
        raise check.wrong(error.key, f"is there twice, again in line {error.line}") from error
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise check.wrong("(whole file)", " ".join(str(error).split())) from error
    document = check.mapping(stored, "", _KEYS)
    if check.text(document.get("id"), "id") != path.stem:
        raise check.wrong("id", f"expected the file's own name, {path.stem!r}, got {document['id']!r}")
    check.text(document.get("title"), "title")
    check.texts(document.get("sources"), "sources")
    for key in ("follows", "competition"):
        if document.get(key) is not None:
            check.text(document[key], key)
    for key in ("valid_from", "valid_until"):
        if document.get(key) is not None and type(document[key]) is not date:
            raise check.wrong(key, f"expected a day such as 2021-07-01, got {document[key]!r}")
    return document
