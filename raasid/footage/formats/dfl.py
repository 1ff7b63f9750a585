"""Reads the DFL Bundesliga event table: scored intervals of match videos and their events."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from raasid.errors import DataRootMissing
from raasid.footage.formats.footage_builder import build_footage
from raasid.footage.formats.media_lookup import (
    find_video,
    missing_note,
)
from raasid.footage.formats.parsing.csv_reader import Column, read_table
from raasid.footage.formats.parsing.values import (
    MAX_FRAMES,
    ValueUnusable,
    label,
    number,
    safe_join,
    short_repr,
    text,
)
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Event, Footage, Frame, Provenance
from raasid.io.video_reader import VideoHeader, VideoUnreadable, probe_video

TABLE = "train.csv"
EXPECTED = f"{TABLE} with the columns video_id, time, event, event_attributes, and the videos in train/"
_COLUMNS = (
    Column(("video_id",)),
    Column(("time",)),
    Column(("event",)),
    Column(("event_attributes",), optional=True),
)
_LONGEST_S = 1_000_000.0
_MOST_ATTRIBUTES = 20


@dataclass(frozen=True, slots=True)
class _Row:
    time_s: float
    line: int
    event: str
    attributes: tuple[str, ...]


@dataclass(slots=True)
class _Window:
    """A scored stretch of one video, in seconds, and its events."""

    start_s: float
    line: int
    end_s: float = 0.0
    events: list[_Row] = field(default_factory=list)


def read(root: Path, frame_rate_hz: float = 25.0) -> Footage:
    """Read the table: every window between a `start` and its `end` is a clip.

    frame_rate_hz: of missing videos. Frames are the first and the last of a window and those of
    its events, since nothing else is annotated. The two halves of a match (`1606b0e6_0`, `1606b0e6_1`) are
    one match. A start without an end, an end without a start and events outside windows go to `quarantine`.
    Raises DataRootMissing, NoUsableSamples, TableUnreadable. Source: Kaggle, DFL Bundesliga Data Shootout.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    rows = _rows(root / TABLE, quarantine)
    source = f"dfl:{root.resolve().name}"
    clips: list[Clip] = []
    without_media: list[str] = []
    videos = len(rows)
    for video_id in sorted(rows):
        listed = rows.pop(video_id)
        video = find_video((root / "train", root / "clips", root), video_id)
        header = None
        try:
            header = None if video is None else probe_video(video)
        except VideoUnreadable as error:
            quarantine.add(video_id, f"video cannot be read: {error.reason}")
            continue
        if video is None:
            without_media.append(video_id)
        place = video or root / "train" / f"{video_id}.mp4"
        match = video_id.rpartition("_")[0] or video_id
        provenance = Provenance(source, match=match, competition="bundesliga")
        for window in _windows(listed, quarantine):
            clip = _clip(video_id, provenance, place, header, frame_rate_hz, window)
            if header is not None and clip.frames[-1].index >= header.num_frames:
                last = clip.frames[-1].index
                reason = f"window behind the end of the video: frame {last} of {header.num_frames}"
                quarantine.add(TABLE, reason, window.line)
            else:
                clips.append(clip)
    notes = missing_note("videos", len(without_media), videos, *without_media[:1])
    return build_footage(root, clips, {}, quarantine, notes, EXPECTED)


def _rows(table: Path, quarantine: Quarantine) -> dict[str, list[_Row]]:
    """Rows of each video in the order of time; rows of one time keep their order."""
    rows: dict[str, list[_Row]] = {}

    def reject(line: int, reason: str) -> None:
        quarantine.add(TABLE, reason, line)

    for line, (video, time, event, attributes) in read_table(table, _COLUMNS, reject):
        try:
            video_id = video if video in rows else safe_join(Path(), video, "video_id").as_posix()
            time_s = number(time, "time", 0, _LONGEST_S)
            row = _Row(time_s, line, label(event, "event"), _attributes(attributes))
        except ValueUnusable as error:
            reject(line, str(error))
        else:
            rows.setdefault(video_id, []).append(row)
    for listed in rows.values():
        listed.sort(key=lambda row: row.time_s)
    return rows


@lru_cache(maxsize=1024)  # some ten lists of attributes make up a whole season
def _attributes(cell: str) -> tuple[str, ...]:
    """Return the names in a Python list literal; none for an empty cell or a `nan`."""
    if not cell or cell.casefold() == "nan":
        return ()
    try:
        listed = ast.literal_eval(text(cell, "event_attributes"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueUnusable(f"event_attributes are no Python list: {short_repr(cell)}") from error
    if not isinstance(listed, list | tuple) or len(listed) > _MOST_ATTRIBUTES:
        raise ValueUnusable(f"event_attributes are no Python list: {short_repr(cell)}")
    return tuple(label(item, "event_attributes") for item in listed)


def _windows(rows: list[_Row], quarantine: Quarantine) -> list[_Window]:
    windows: list[_Window] = []
    current: _Window | None = None
    for row in rows:
        if row.event == "start":
            if current is not None:
                _give_up(current, quarantine)
            current = _Window(row.time_s, row.line)
        elif current is None:
            what = "end without a start" if row.event == "end" else "event outside the scored windows"
            quarantine.add(TABLE, f"{what}: {row.event} at {row.time_s:g} s", row.line)
        elif row.event == "end":
            current.end_s = row.time_s
            windows.append(current)
            current = None
        else:
            current.events.append(row)
    if current is not None:
        _give_up(current, quarantine)
    return windows


def _give_up(window: _Window, quarantine: Quarantine) -> None:
    quarantine.add(TABLE, f"start without an end: at {window.start_s:g} s", window.line)
    for row in window.events:
        reason = f"event outside the scored windows: {row.event} at {row.time_s:g} s"
        quarantine.add(TABLE, reason, row.line)


def _clip(
    video_id: str,
    provenance: Provenance,
    place: Path,
    header: VideoHeader | None,
    frame_rate_hz: float,
    window: _Window,
) -> Clip:
    rate = header.frame_rate_hz if header else frame_rate_hz

    def index(time_s: float) -> int:
        return min(round(time_s * rate), MAX_FRAMES)

    width, height = (header.width, header.height) if header else (0, 0)
    events = tuple(Event(index(row.time_s), row.event, None, row.attributes) for row in window.events)
    shown_at = {index(window.start_s), index(window.end_s), *(event.frame for event in events)}
    frames = tuple(Frame(number, place, width, height, in_video=True) for number in sorted(shown_at))
    return Clip(f"{video_id}/{index(window.start_s):08d}", frames, provenance, rate, events=events)
