"""What models, versions, aliases and files may be called; nothing else ever becomes a path."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from raasid.registry.errors import BadName

CHAMPION, CHALLENGER, PREVIOUS, LATEST = "champion", "challenger", "previous", "latest"
COMPUTED = (PREVIOUS, LATEST)
"""Follow from the others: `previous` is what was champion before, `latest` the newest version."""
_MODEL = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_VERSION = re.compile(r"v(\d{8})\.([1-9]\d{0,8})")
_MEMBER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_EDITION = re.compile(r"[A-Za-z0-9_]{1,40}|\*")


class Version(NamedTuple):
    """`vYYYYMMDD.BUILD`; sorts by day, then build."""

    day: str
    """Eight digits."""
    build: int
    """From 1, without gaps."""

    def __str__(self) -> str:
        return f"v{self.day}.{self.build}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises BadName."""
        found = cls.maybe(text)
        if found is None:
            raise BadName("version", text, "vYYYYMMDD.BUILD, such as v20261123.1")
        return found

    @classmethod
    def maybe(cls, text: str) -> Version | None:
        """None for anything that is no version."""
        match = _VERSION.fullmatch(text)
        if match is None or not text.isascii():
            return None
        try:
            date(int(match[1][:4]), int(match[1][4:6]), int(match[1][6:]))
        except ValueError:
            return None
        return cls(match[1], int(match[2]))


def model_name(text: str) -> str:
    """Return a model's name as it is. Raises BadName."""
    if _MODEL.fullmatch(text) is None or not text.isascii():
        raise BadName("model", text, "lower-case letters, digits and _, such as ball_model")
    return text


def alias_name(text: str) -> str:
    """Return an alias that can be set. Raises BadName."""
    if _ALIAS.fullmatch(text) is None or not text.isascii():
        raise BadName("alias", text, "lower-case letters, digits, _ and -, such as champion")
    if text in COMPUTED:
        raise BadName("alias", text, f"one that can be set: '{text}' follows from the others")
    return text


def member_name(text: str) -> str:
    """Return the name of a file in a package: one plain name, no folder. Raises BadName."""
    if _MEMBER.fullmatch(text) is None or not text.isascii() or ".." in text:
        raise BadName("package member", text, "a plain file name of ASCII letters, digits and ._-")
    return text


def edition_name(text: str) -> str:
    """Return the name of an edition of the Laws, or `*` for all. Raises BadName."""
    if _EDITION.fullmatch(text) is None or not text.isascii():
        raise BadName("edition", text, "a season such as ifab_2025_26, or *")
    return text
