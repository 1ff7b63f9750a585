"""What SoccerNet's tracking sets say of the action that a sequence was cut round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raasid.data.readers.checked import MOST_FRAMES, ValueUnusable, label, number, text
from raasid.data.records import Event, Tags

_LONGEST_MS = 24 * 3_600_000.0


def action_of(info: Mapping[str, Any], rate: float) -> tuple[Tags, tuple[Event, ...]]:
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
    inside = start <= position <= stop and frame <= MOST_FRAMES
    return (name,), (Event(frame, name),) if inside else ()


def game_of(info: Mapping[str, Any]) -> str:
    """Return the match by the game's number; empty when there is none."""
    try:
        return f"game-{text(str(info.get('gameid') or ''), 'game id')}"
    except ValueUnusable:
        return ""
