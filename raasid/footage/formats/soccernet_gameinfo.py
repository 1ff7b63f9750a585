"""The ini files of SoccerNet tracking sequences: who each track is, which match, and which action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.errors import DataError
from raasid.footage.formats.label_names import role_from_name
from raasid.footage.formats.parsing.values import (
    MAX_FRAMES,
    MAX_TRACK_ID,
    ValueUnusable,
    label,
    number,
    short_repr,
    text,
)
from raasid.footage.records import Event, Role, Tags

_KEY = re.compile(r"trackletid_(\d{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TrackIdentity:
    """One track's part in the game."""

    ball: bool
    role: Role
    team: str | None = None
    jersey: str | None = None
    """Digits; any other text after the semicolon stands for an unreadable shirt number."""
    rank: int = 0
    """Number of a ball among several."""


UNKNOWN_IDENTITY = TrackIdentity(ball=False, role="other")


def parse_tracklets(info: Mapping[str, str]) -> Iterator[tuple[int, TrackIdentity | str]]:
    """Yield (track, role and team, or the reason why they are unknown) for each tracklet key of gameinfo.ini.

    Source: SoccerNet-Tracking's development kit; spellings as in its files.
    """
    for key, value in info.items():
        match = _KEY.fullmatch(key)
        if match is None or int(match[1]) > MAX_TRACK_ID:
            continue
        kind, _, detail = value.partition(";")
        words = re.findall(r"[^\W_]+", kind.casefold())
        if not words:
            yield int(match[1]), f"tracklet without a class: {short_repr(value)}"
            continue
        detail = detail.strip()
        digits = detail if detail.isascii() and detail.isdecimal() and len(detail) <= 3 else None
        if words[0] == "ball":
            yield int(match[1]), TrackIdentity(True, "other", rank=int(digits or 0))
            continue
        role = role_from_name(kind)
        team = next((side for side in ("left", "right") if side in words), None)
        playing = role in ("player", "goalkeeper")
        yield int(match[1]), TrackIdentity(False, role, team, digits if playing else None)


MAX_BYTES = 1 << 18


class IniUnreadable(DataError):
    """An ini file that is missing, too large, or no ini file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        """`what: value seen`, as in `RejectedSample.reason`."""


def read_ini(path: Path, section: str = "Sequence") -> dict[str, str]:
    """Return the keys of a section in lower case, with their values stripped; a later key counts.

    A semicolon inside a value belongs to the value. Raises IniUnreadable.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise IniUnreadable(path, f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise IniUnreadable(path, f"too large: more than {MAX_BYTES:,} bytes")
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
        raise IniUnreadable(path, f"no section [{section}]: it has {short_repr(parser.sections())}")
    return {key: value.strip() for key, value in parser.items(section)}


_LONGEST_MS = 24 * 3_600_000.0


def parse_action(info: Mapping[str, Any], rate: float) -> tuple[Tags, tuple[Event, ...]]:
    """Return the action as a tag, and as an event where its moment is known.

    info: `action_class`, `action_position` and `clip_start` in milliseconds of the half, under their
    names without case and underscores. rate: frames per second of the sequence.
    Source: gameinfo.ini of SoccerNet-Tracking, `info` of SoccerNet-GSR.
    """
    try:
        name = label(info.get("actionclass"), "action class")
    except ValueUnusable:
        return (), ()
    try:
        position = number(info.get("actionposition"), "action position", 0, _LONGEST_MS)
        start = number(info.get("clipstart"), "clip start", 0, _LONGEST_MS)
        stop = number(info.get("clipstop"), "clip stop", 0, _LONGEST_MS)
    except ValueUnusable:
        return (name,), ()
    frame = round((position - start) * rate / 1000)
    inside = start <= position <= stop and frame <= MAX_FRAMES
    return (name,), (Event(frame, name),) if inside else ()


def match_name(info: Mapping[str, Any]) -> str:
    """Return the match by the game's number; empty when there is none."""
    try:
        return f"game-{text(str(info.get('gameid') or ''), 'game id')}"
    except ValueUnusable:
        return ""
