"""An edition's differences, put over the edition that it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, get_args

from raasid.config.nearest import did_you_mean
from raasid.laws.condition import AllOf, Condition, ConditionUnreadable, read_condition
from raasid.laws.edition import Clause, Edition, Rule, Stage
from raasid.laws.edition_checks import Checks
from raasid.laws.ruling import Confidence, Restart, Sanction, Verdict

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
