"""The ini files of tracking sequences: one section, keys without case."""

from __future__ import annotations

from configparser import ConfigParser, Error
from pathlib import Path

from raasid.data.readers.checked import shown
from raasid.errors import DataError

MOST_BYTES = 1 << 18


class IniUnreadable(DataError):
    """An ini file that is missing, too large, or no ini file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""


def read_ini(path: Path, section: str = "Sequence") -> dict[str, str]:
    """Return the keys of a section in lower case, with their values stripped; a later key counts.

    A semicolon inside a value belongs to the value. Raises IniUnreadable.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise IniUnreadable(path, f"cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise IniUnreadable(path, f"too large: more than {MOST_BYTES:,} bytes")
    try:
        parser = ConfigParser(
            strict=False, interpolation=None, delimiters=("=",), inline_comment_prefixes=None
        )
        parser.read_string(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise IniUnreadable(path, f"not UTF-8 text: byte 0x{data[error.start]:02x}") from error
    except Error as error:
        raise IniUnreadable(path, f"not an ini file: {' '.join(str(error).split()):.200}") from error
    if not parser.has_section(section):
        raise IniUnreadable(path, f"no section [{section}]: it has {shown(parser.sections())}")
    return {key: value.strip() for key, value in parser.items(section)}
