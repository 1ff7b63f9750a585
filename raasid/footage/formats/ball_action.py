"""Reads SoccerNet ball-action spotting: timed actions in videos of complete matches."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from raasid.errors import DataRootMissing
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import build_footage, split_from_name
from raasid.footage.formats.media_lookup import (
    missing_note,
)
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries
from raasid.footage.formats.parsing.values import ValueUnusable, integer, label, mapping, text
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Event, Footage, Frame, Provenance
from raasid.io.video_reader import VIDEO_SUFFIXES, VideoHeader, VideoUnreadable, probe_video

EXPECTED = "<league>/<season>/<game>/Labels-ball.json beside the game's video"
_NAMES = ("labels-ball.json", "*_class_events.json")
"""SoccerNet's name, and that of SoccerTrack v2."""
_KEYS = ("annotations", "actions")
_LONGEST_MS = 100_000_000
_TEAMS = ("left", "right", "home", "away")


@dataclass(frozen=True, slots=True)
class _Action:
    half: int | None
    time_ms: int
    label: str
    team: str | None
    attributes: tuple[str, ...]


def read(root: Path, frame_rate_hz: float = 25.0) -> Footage:
    """Read the labels of each game: a clip per video, with an event and a frame for each action.

    frame_rate_hz: of games without their video. `position`, milliseconds as a text, is the time in the
    video. Where there is a video for each half (`1_720p.mkv`), or the positions begin again with the second
    half, each half is a clip of its own; otherwise the game is. Games are matches; league and season are
    taken from the folders.
    Raises DataRootMissing, NoUsableSamples, JsonUnreadable (of the only file).
    Sources: SoccerNet ball-action spotting 2023 to 2025; SoccerTrack v2, format of its ball actions.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    files = [path for path in walk_files(root) if any(fnmatch(path.name.casefold(), name) for name in _NAMES)]
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    notes: list[str] = []
    for path in files:
        try:
            found = _game(path, root, frame_rate_hz, quarantine, notes)
        except JsonUnreadable as error:
            if len(files) == 1:
                raise
            quarantine.add(os.path.relpath(path, root), error.reason, error.line)
            continue
        clips += found
        if split := next(filter(None, map(split_from_name, path.relative_to(root).parts)), None):
            splits.setdefault(split, []).extend(clip.id for clip in found)
    without_media = [clip.id for clip in clips if not clip.frames[0].width]
    notes += missing_note("videos", len(without_media), len(clips), *without_media[:1])
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _game(
    path: Path, root: Path, frame_rate_hz: float, quarantine: Quarantine, notes: list[str]
) -> list[Clip]:
    name = os.path.relpath(path, root)
    actions: list[_Action] = []
    found = Counter[str]()
    for key, line, entry in json_entries(path):
        if key not in _KEYS:
            continue
        found[key] += 1
        try:
            actions.append(_action(entry))
        except ValueUnusable as error:
            quarantine.add(name, str(error), line)
    if not actions:
        quarantine.add(name, f"no usable annotation: of {found.total()} in {' or '.join(_KEYS)}")
        return []
    videos = _videos(path.parent)
    halves: Sequence[int | None] = (None,)
    if videos.keys() - {None} or _begins_again(actions):
        halves = sorted({action.half for action in actions if action.half is not None}) or (None,)
        for action in actions:
            if action.half is None and halves != (None,):
                quarantine.add(name, f"half unknown: {action.label} at {action.time_ms} ms")
    if len(halves) == 1 and found["actions"] and videos:
        notes.append(f"{name}: positions count from the start of the match; check them against the video")
    clips: list[Clip] = []
    for half in halves:
        video = videos.get(half, videos.get(None))
        of_half = [action for action in actions if half is None or action.half == half]
        try:
            header = None if video is None else probe_video(video)
        except VideoUnreadable as error:
            quarantine.add(name, f"video cannot be read: {error.reason}")
            continue
        place = video or path.parent / ("224p.mp4" if half is None else f"{half}_224p.mp4")
        if clip := _clip(path, root, half, of_half, place, header, frame_rate_hz, quarantine):
            clips.append(clip)
    return clips


def _action(entry: Any) -> _Action:
    entry = mapping(entry, "annotation")
    # "1 - 00:21"; SoccerTrack v2 leaves the half away where the match went into a third period
    half = re.match(r"\s*(\d)\s*-", text(entry.get("gameTime", ""), "gameTime", empty=True))
    team = entry.get("team")
    known = isinstance(team, str) and team.casefold() in _TEAMS
    attributes = [label(entry["visibility"], "visibility")] if entry.get("visibility") else []
    return _Action(
        int(half[1]) if half else None,
        integer(entry.get("position"), "position", 0, _LONGEST_MS),
        label(entry.get("label"), "label"),
        str(team).casefold() if known else None,
        tuple(attributes),
    )


def _begins_again(actions: list[_Action]) -> bool:
    """Whether the second half's positions count from its own kick-off."""
    first = [action.time_ms for action in actions if action.half == 1]
    second = [action.time_ms for action in actions if action.half == 2]
    return bool(first and second) and min(second) < max(first) / 2


def _videos(folder: Path) -> dict[int | None, Path]:
    """Half (None: the whole game) -> its video; of several sizes the largest, as its name says."""
    found: dict[int | None, tuple[int, Path]] = {}
    for path in sorted(folder.iterdir()):
        named = re.fullmatch(r"(?:([12])_)?(\d{3,4})p(?:_HQ)?", path.stem)
        if named is None or path.suffix.lower() not in VIDEO_SUFFIXES:
            continue
        half = int(named[1]) if named[1] else None
        if half not in found or int(named[2]) > found[half][0]:
            found[half] = (int(named[2]), path)
    return {half: path for half, (_, path) in found.items()}


def _clip(
    path: Path,
    root: Path,
    half: int | None,
    actions: list[_Action],
    place: Path,
    header: VideoHeader | None,
    frame_rate_hz: float,
    quarantine: Quarantine,
) -> Clip | None:
    rate = header.frame_rate_hz if header else frame_rate_hz
    events: list[Event] = []
    for action in actions:
        index = round(action.time_ms * rate / 1000)
        if header is not None and index >= header.num_frames:
            reason = f"action behind the end of the video: frame {index} of {header.num_frames}"
            quarantine.add(os.path.relpath(path, root), reason)
        else:
            events.append(Event(index, action.label, action.team, action.attributes))
    if not events:
        return None
    events.sort(key=lambda event: event.frame)
    width, height = (header.width, header.height) if header else (0, 0)
    frames = tuple(
        Frame(index, place, width, height, in_video=True) for index in sorted({e.frame for e in events})
    )
    game = path.parent.relative_to(root).as_posix() if path.parent != root else root.resolve().name
    folders = path.relative_to(root).parts
    provenance = Provenance(
        f"ball_action:{root.resolve().name}",
        match=game,
        season=folders[-3] if len(folders) > 2 and re.fullmatch(r"\d{4}-\d{4}", folders[-3]) else None,
        competition=folders[-4] if len(folders) > 3 else None,
    )
    name = game if half is None else f"{game}/half-{half}"
    return Clip(name, frames, provenance, rate, events=tuple(events))
