"""Allowed names of models, versions, aliases, files and editions; only checked names become paths."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from raasid.registry.errors import BadName

CHAMPION, CHALLENGER, PREVIOUS, LATEST = "champion", "challenger", "previous", "latest"
COMPUTED = (PREVIOUS, LATEST)
"""Aliases that cannot be set: `previous` is the champion before this one, `latest` the newest version."""
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
    """From 1, consecutive within a day."""

    def __str__(self) -> str:
        return f"v{self.day}.{self.build}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Parse a version. Raises BadName."""
        version = cls.try_parse(text)
        if version is None:
            raise BadName("version", text, "vYYYYMMDD.BUILD, such as v20261123.1")
        return version

    @classmethod
    def try_parse(cls, text: str) -> Version | None:
        """Parse a version; None if `text` is not one."""
        match = _VERSION.fullmatch(text)
        if match is None or not text.isascii():
            return None
        try:
            date(int(match[1][:4]), int(match[1][4:6]), int(match[1][6:]))
        except ValueError:
            return None
        return cls(match[1], int(match[2]))


def model_name(text: str) -> str:
    """Return a valid model name unchanged. Raises BadName."""
    if _MODEL.fullmatch(text) is None or not text.isascii():
        raise BadName("model", text, "lower-case letters, digits and _, such as ball_model")
    return text


def alias_name(text: str) -> str:
    """Return the name of an alias that can be set unchanged. Raises BadName."""
    if _ALIAS.fullmatch(text) is None or not text.isascii():
        raise BadName("alias", text, "lower-case letters, digits, _ and -, such as champion")
    if text in COMPUTED:
        raise BadName("alias", text, f"one that can be set: '{text}' follows from the others")
    return text


def member_name(text: str) -> str:
    """Return a valid name of a package file unchanged: no folder, no leading dot. Raises BadName."""
    if _MEMBER.fullmatch(text) is None or not text.isascii() or ".." in text:
        raise BadName("package member", text, "a plain file name of ASCII letters, digits and ._-")
    return text


def edition_name(text: str) -> str:
    """Return a valid name of an edition of the Laws, or `*` for all, unchanged. Raises BadName."""
    if _EDITION.fullmatch(text) is None or not text.isascii():
        raise BadName("edition", text, "a season such as ifab_2025_26, or *")
    return text
