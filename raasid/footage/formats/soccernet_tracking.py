"""Reads SoccerNet-Tracking sequences: boxes in MOT format, identities in gameinfo.ini."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.footage_builder import build_footage, split_from_name
from raasid.footage.formats.media_lookup import ImageLookup
from raasid.footage.formats.parsing.values import (
    MAX_EDGE_PX,
    MAX_FRAMES,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    number,
    safe_join,
    shared_float,
    short_repr,
)
from raasid.footage.formats.soccernet_gameinfo import (
    UNKNOWN_IDENTITY,
    IniUnreadable,
    TrackIdentity,
    match_name,
    parse_action,
    parse_tracklets,
    read_ini,
)
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance

EXPECTED = "folders SNMOT-xxx with gt/gt.txt, seqinfo.ini and gameinfo.ini"
_float = lru_cache(maxsize=8192)(float)
"""Equal numbers are one object: most are whole pixels, and a sequence has hundreds of thousands."""
_LONGEST_ROW = 1024
_DEEPEST = 4
_PLACE, _SIZE = r"(-?[0-9]{1,5}(?:\.[0-9]{1,9})?)", r"([0-9]{1,5}(?:\.[0-9]{1,9})?)"
_USUAL = re.compile(rf"([0-9]{{1,7}}),([0-9]{{1,9}}),{_PLACE},{_PLACE},{_SIZE},{_SIZE},", re.ASCII)
"""A row with nothing odd in it, as nearly all are; others are looked at value by value."""


@dataclass(slots=True)
class _Boxes:
    """What is annotated in one frame."""

    balls: list[tuple[int, int, Ball]] = field(default_factory=list)
    """Rank, track, ball."""
    persons: list[Person] = field(default_factory=list)


def read(root: Path) -> Footage:
    """Read every sequence at or below a folder; each is a clip.

    Only gt/gt.txt is ground truth; det/det.txt is a detector's and not read. The frames are those with a row,
    and those whose image is there. Frame 1 of the file is frame 0 of the clip.
    Raises DataRootMissing, NoUsableSamples.
    Source: SoccerNet-Tracking's development kit; MOTChallenge for the columns.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    files = ImageLookup(root, quarantine)
    folders = list(_sequences(root, _DEEPEST))
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    with progress(f"reading {root.name or root}", total=len(folders)) as update:
        for folder in folders:
            clip = _sequence(folder, root, files, quarantine)
            update(1)
            if clip is None:
                continue
            clips.append(clip)
            parents = folder.relative_to(root).parts[:-1]
            split = next((found for found in map(split_from_name, parents) if found), None)
            if split:
                splits.setdefault(split, []).append(clip.id)
    clips, notes = files.drop_missing_images(clips)
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _sequences(folder: Path, deepest: int) -> Iterator[Path]:
    if (folder / "gt").is_dir() or (folder / "gameinfo.ini").is_file():
        yield folder
    elif deepest:
        for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
            yield from _sequences(inner, deepest - 1)


def _sequence(folder: Path, root: Path, files: ImageLookup, quarantine: Quarantine) -> Clip | None:
    truth = folder / "gt" / "gt.txt"
    if not truth.is_file():
        quarantine.add(files.relative(folder), "no ground truth: gt/gt.txt is not there")
        return None
    seq, game = (
        _ini(folder / "seqinfo.ini", files, quarantine),
        _ini(folder / "gameinfo.ini", files, quarantine),
    )
    who: dict[int, TrackIdentity] = {}
    for track, each in parse_tracklets(game):
        if isinstance(each, TrackIdentity):
            who[track] = each
        else:
            quarantine.add(files.relative(folder / "gameinfo.ini"), each)
    try:
        size = (
            integer(seq.get("imwidth") or 0, "imWidth", 0, MAX_EDGE_PX),
            integer(seq.get("imheight") or 0, "imHeight", 0, MAX_EDGE_PX),
        )
        rate = number(seq.get("framerate") or 25.0, "frameRate", 0.01, 1000)
        length = integer(seq.get("seqlength") or MAX_FRAMES, "seqLength", 1, MAX_FRAMES)
        images = safe_join(folder, seq.get("imdir") or "img1", "imDir")
        suffix = "." + safe_join(Path(), (seq.get("imext") or ".jpg").lstrip("."), "imExt").name
    except ValueUnusable as error:
        quarantine.add(files.relative(folder / "seqinfo.ini"), str(error))
        return None
    boxes = _boxes(truth, length, who, files.relative(truth), quarantine)
    for index in _numbered(images, suffix):
        if index < length:
            boxes.setdefault(index, _Boxes())
    frames = []
    for index in sorted(boxes):
        placed = files.find(Path(f"{index + 1:06d}{suffix}"), [images], size)
        found = boxes.pop(index)
        if placed is not None:
            frames.append(_frame(index, placed, found, files.relative(truth), quarantine))
    if not frames:
        quarantine.add(files.relative(folder), "empty sequence: no frame with a box or an image")
        return None
    tags, events = parse_action({key.replace("_", ""): value for key, value in game.items()}, rate)
    name = files.relative(folder) if folder != root else root.resolve().name
    provenance = Provenance(f"soccernet_tracking:{root.resolve().name}", match=match_name(game))
    return Clip(name, tuple(frames), provenance, rate, tags=tags, events=events)


def _ini(path: Path, files: ImageLookup, quarantine: Quarantine) -> dict[str, str]:
    try:
        return read_ini(path)
    except IniUnreadable as error:
        quarantine.add(files.relative(path), error.reason)
        return {}


def _numbered(folder: Path, suffix: str) -> Iterator[int]:
    """Yield the indices of the images that are there, from 0."""
    if folder.is_dir():
        for name in os.listdir(folder):  # noqa: PTH208 - names are enough, and there are thousands
            plain, ext = os.path.splitext(name)  # noqa: PTH122
            if ext == suffix and len(plain) == 6 and plain.isdecimal() and int(plain) > 0:
                yield int(plain) - 1


def _boxes(
    truth: Path, length: int, who: dict[int, TrackIdentity], name: str, quarantine: Quarantine
) -> dict[int, _Boxes]:
    found: dict[int, _Boxes] = {}
    with truth.open("rb") as file:
        for line, row in enumerate(iter(lambda: file.readline(_LONGEST_ROW), b""), start=1):
            if not row.strip():
                continue
            try:
                index, track, box = _row(row.decode("ascii", "backslashreplace").strip(), length)
            except ValueUnusable as error:
                quarantine.add(name, str(error), line)
                continue
            each = who.get(track, UNKNOWN_IDENTITY)
            frame = found.setdefault(index, _Boxes())
            if each.ball:
                x, y, w, h = box
                frame.balls.append((each.rank, track, Ball(x + w / 2, y + h / 2, w, h)))
            else:
                frame.persons.append(Person(track, each.role, box, each.team, jersey=each.jersey))
    unknown = sorted({person.track for frame in found.values() for person in frame.persons} - who.keys())
    if unknown:
        quarantine.add(
            name, f"class of track not in gameinfo.ini: {short_repr(unknown)}; counted as other persons"
        )
    return found


def _row(row: str, length: int) -> tuple[int, int, tuple[float, float, float, float]]:
    usual = _USUAL.match(row)
    if usual and 0 < int(usual[1]) <= length:
        box = (_float(usual[3]), _float(usual[4]), _float(usual[5]), _float(usual[6]))
        if box[2] and box[3]:
            return int(usual[1]) - 1, int(usual[2]), box
    columns = row.split(",")
    if len(columns) < 6:
        raise ValueUnusable(f"wrong number of columns: {len(columns)}, expected 10: {short_repr(row)}")
    index = integer(columns[0], "frame", 1, length) - 1
    track = integer(columns[1], "track", 0, MAX_TRACK_ID)
    x, y, w, h = (shared_float(number(column, "box")) for column in columns[2:6])
    if w <= 0 or h <= 0:
        raise ValueUnusable(f"box without size: {w:g} x {h:g}")
    return index, track, (x, y, w, h)


def _frame(
    index: int, placed: tuple[Path, int, int], boxes: _Boxes, name: str, quarantine: Quarantine
) -> Frame:
    """Build a frame; the first box of a track counts, and the first ball tracklet is the match ball."""
    balls = {track: ball for _, track, ball in sorted(boxes.balls, key=lambda entry: entry[:2], reverse=True)}
    persons = {person.track: person for person in reversed(boxes.persons)}
    twice = len(boxes.balls) + len(boxes.persons) - len(balls) - len(persons)
    if twice:
        quarantine.add(name, f"second box of a track in one frame: frame {index + 1}, {twice} of them")
    return Frame(index, *placed, tuple(balls.values())[::-1], tuple(persons.values())[::-1])
