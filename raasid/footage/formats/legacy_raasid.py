"""Reads the annotations of the origin project, one JSON list of records per split."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext
from typing import Any

from raasid.errors import DataRootMissing
from raasid.footage.formats.footage_builder import build_footage, group_by_match, split_from_name
from raasid.footage.formats.media_lookup import missing_note
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries
from raasid.footage.formats.parsing.values import (
    ValueUnusable,
    integer,
    label,
    mapping,
    numbers,
    safe_join,
    sequence,
    short_repr,
)
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Fact, Footage, Frame, Keypoint, Person, Provenance, Tags
from raasid.footage.splits import SPLIT_PRIORITY
from raasid.io.image_reader import ImageUnreadable, probe_image

EXPECTED = "train_annotations.json and val_annotations.json, each a list of records with an image_path"
_ENDING = "_annotations.json"
_INTENTS: dict[str, dict[str, Fact]] = {
    "deliberate": {"deliberate": True},
    "accidental": {"deliberate": False},
    "natural_position": {"bigger": False},
    "unnatural_position": {"bigger": True},
}
"""`player_intent` -> what it says in the Law's terms."""


def read(root: Path, image_size: tuple[int, int] | None = None) -> Footage:
    """Read the records: every image is a clip of one frame.

    image_size: width, height in pixels of missing images. Positions are fractions of the image, so
    without it and without `image_size` pixels are unknown, and the records have neither ball nor pose.
    The project's own script shuffles anew for each split, so that most of `val` is in `train` as well: an
    image stays in the most held-out split that names it, and a note says how many were dropped.
    Poses are used if they have COCO's 17 keypoints. `player_intent` becomes facts, `game_situation` a tag.
    Raises DataRootMissing, NoUsableSamples, JsonUnreadable (of the only file), DataSheetUnreadable.
    Source: the origin project's documentation of its training annotations.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    files = [path for path in sorted(root.iterdir()) if path.name.casefold().endswith(_ENDING)]
    samples: dict[str, dict[str, _Sample]] = {}
    for path in files:
        split = split_from_name(path.name.casefold().removesuffix(_ENDING)) or "train"
        try:
            samples.setdefault(split, {}).update(_samples(path, root, image_size, quarantine))
        except JsonUnreadable as error:
            if len(files) == 1:
                raise
            quarantine.add(path.name, error.reason, error.line)
    notes = _without_leak(samples)
    per_split = {split: sorted(found) for split, found in samples.items()}
    matches, doubts = group_by_match(root, per_split)
    source = f"origin:{root.resolve().name}"
    everything = {name: sample for found in samples.values() for name, sample in found.items()}
    without_media = [name for name, sample in sorted(everything.items()) if not sample.there]
    notes += [*doubts, *missing_note("images", len(without_media), len(everything), *without_media[:1])]
    if sizeless := sum(not sample.frame.width for sample in everything.values()):
        notes.append(
            f"{sizeless} records have neither ball nor pose: without image or data.image_size no pixels"
        )
    clips = (
        Clip(
            splitext(name)[0],
            (sample.frame,),
            Provenance(source, match=matches[name]),
            facts=sample.facts,
            tags=sample.tags,
        )
        for name, sample in sorted(everything.items())
    )
    splits = {split: [splitext(name)[0] for name in names] for split, names in per_split.items()}
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


@dataclass(frozen=True, slots=True)
class _Sample:
    frame: Frame
    there: bool
    """Whether the image is."""
    facts: dict[str, Fact]
    tags: Tags


def _without_leak(samples: dict[str, dict[str, _Sample]]) -> list[str]:
    """Drop from each split what a more held-out one names too; return what to tell."""
    notes: list[str] = []
    taken: set[str] = set()
    for split in SPLIT_PRIORITY:
        found = samples.get(split, {})
        if twice := sorted(found.keys() & taken):
            notes.append(
                f"{len(twice)} of {len(found)} images of {split} are in a more held-out split, too, and were "
                f"dropped from {split}, such as {twice[0]}: figures of that data so far were flattered"
            )
        for name in twice:
            del found[name]
        taken |= found.keys()
    return notes


def _samples(
    path: Path, root: Path, size: tuple[int, int] | None, quarantine: Quarantine
) -> Iterator[tuple[str, _Sample]]:
    """Image path below the root and what is known of it, for each usable record; the first of each image."""

    def reject(reason: str) -> None:
        quarantine.add(path.name, reason)

    seen: set[str] = set()
    for key, line, entry in json_entries(path):
        if key:
            quarantine.add(path.name, f"not a list of records: it has the key {short_repr(key)}", line)
            continue
        name = ""
        try:
            record = mapping(entry, "record")
            image = safe_join(root, record.get("image_path"), "image_path")
            name = os.path.relpath(image, root)
            if name in seen:
                raise ValueUnusable(f"second record of one image: {short_repr(name)}")
            sample = _sample(image, record, size, reject)
        except ValueUnusable as error:
            quarantine.add(path.name, str(error), line)
        except ImageUnreadable as error:
            quarantine.add(name, error.reason)
        else:
            seen.add(name)
            yield name, sample


def _sample(
    image: Path, record: dict[str, Any], size: tuple[int, int] | None, reject: Callable[[str], None]
) -> _Sample:
    there = os.path.lexists(image)
    if there:
        facts = probe_image(image)
        size = facts.width, facts.height
    balls: tuple[Ball, ...] = ()
    if record.get("ball_position") is not None:
        x, y = numbers(record["ball_position"], "ball_position", 2, 0, 1)
        balls = (Ball(x * size[0], y * size[1], 0.0, 0.0),) if size else ()
    persons = _persons(record.get("pose_data"), size, reject)
    width, height = size or (0, 0)
    frame = Frame(
        integer(record.get("frame_number", 0), "frame_number"), image, width, height, balls, persons
    )
    intent, situation = record.get("player_intent"), record.get("game_situation")
    known: dict[str, Fact] = {}
    if intent:
        spelt = label(intent, "player_intent")
        if spelt not in _INTENTS:
            raise ValueUnusable(f"player_intent is none of {', '.join(_INTENTS)}: {short_repr(intent)}")
        known = {"player_intent": spelt, **_INTENTS[spelt]}
    return _Sample(frame, there, known, (label(situation, "game_situation"),) if situation else ())


def _persons(pose: Any, size: tuple[int, int] | None, reject: Callable[[str], None]) -> tuple[Person, ...]:
    """Return the player whose pose is given, if the points are COCO's; the box is drawn round them."""
    points = sequence(mapping(pose or {}, "pose_data").get("keypoints") or [], "keypoints")
    if len(points) != NUM_KEYPOINTS:
        if points:
            reject(f"keypoints not used: {len(points)}, only COCO's {NUM_KEYPOINTS} are")
        return ()
    keypoints: list[Keypoint] = []
    for point in points:
        x, y = numbers(point[:2] if isinstance(point, list) else point, "keypoint", 2, -1, 2)
        if size is not None:
            keypoints.append((x * size[0], y * size[1], 2) if x or y else (0.0, 0.0, 0))
    xs = [x for x, _, visibility in keypoints if visibility]
    ys = [y for _, y, visibility in keypoints if visibility]
    if not xs:
        return ()
    box = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return (Person(0, "player", box, keypoints=tuple(keypoints)),)
