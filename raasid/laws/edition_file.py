"""An edition's YAML file, with all that it inherits from files beside it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from raasid.config.nearest import did_you_mean
from raasid.laws.edition import Edition
from raasid.laws.edition_checks import Checks, EditionUnreadable
from raasid.laws.inheritance import TABLES, inherit
from raasid.laws.strict_yaml import RepeatedKey, StrictLoader

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
