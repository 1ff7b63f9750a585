"""Reads SoccerNet-MVFoul: incidents, each filmed by several cameras, with the labels of referees."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.file_search import CaseInsensitiveNames
from raasid.footage.formats.footage_builder import build_footage, split_from_name
from raasid.footage.formats.media_lookup import (
    missing_note,
)
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries
from raasid.footage.formats.parsing.values import (
    ValueUnusable,
    label,
    mapping,
    number,
    safe_join,
    sequence,
    short_repr,
    text,
)
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Event, Fact, Footage, Frame, Provenance, Tags
from raasid.io.video_reader import VIDEO_SUFFIXES, VideoHeader, VideoUnreadable, probe_video
from raasid.laws.edition import Ruling, Sanction, Verdict
from raasid.laws.edition_lookup import edition_for

FILE_NAME = "annotations.json"
EXPECTED = "Train, Valid, Test or Challenge with annotations.json and action_N/clip_M.mp4, or one of them"
INCIDENT_FRAME = 75
"""Frame of the incident; clips go on for 126 or 127 frames."""
_RATE_HZ = 25.0
_SLOWEST = 50.0

Group = Literal["match", "action"]


def read(root: Path, group: Group = "match", around: int = 0) -> Footage:
    """Read every incident: a clip for each camera that saw it, with the frame of the incident.

    group: what counts as one match when splits are made: the match, which the published splits cut into
    pieces, or the single incident, as they have it. The declared splits are kept either way.
    around: frames before and after the incident that come along; the dataset's own baseline takes 12.
    `Provenance.replay_speed` is how many times slower than life a replay runs; `Clip.frame_rate_hz` counts
    the frames of a second of play, so that of a replay is higher. Labels: `parse_labels`.
    Clips whose video is not there are read from their labels alone.
    Raises DataRootMissing, NoUsableSamples, JsonUnreadable (of the only file).
    Source: SoccerNet-MVFoul (Held et al., CVPRW 2023), its development kit and sample.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    folders = [folder for folder in (root, *sorted(root.iterdir())) if (folder / FILE_NAME).is_file()]
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    for folder in folders:
        name = os.path.relpath(folder / FILE_NAME, root)

        def reject(line: int, reason: str, name: str = name) -> None:
            quarantine.add(name, reason, line)

        split = _split_name(folder)
        source = f"mvfoul:{root.resolve().name}"
        reading = _Split(folder, split, source, group, around, CaseInsensitiveNames(), reject)
        try:
            found = list(reading.clips())
        except JsonUnreadable as error:
            if len(folders) == 1:
                raise
            quarantine.add(name, error.reason, error.line)
            continue
        if not found:
            quarantine.add(name, "no usable action: nothing of Actions can be read")
        clips += found
        splits.setdefault(split_from_name(split) or split, []).extend(clip.id for clip in found)
    without_media = [clip.id for clip in clips if not clip.frames[0].width]
    notes = missing_note("clips", len(without_media), len(clips), *without_media[:1])
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _split_name(folder: Path) -> str:
    """Return the folder's name; where that is no split's, what its file calls itself before the actions."""
    name = folder.resolve().name.casefold()
    if split_from_name(name) or name == "challenge":
        return name
    try:
        key, _, value = next(json_entries(folder / FILE_NAME, objects=("Actions",)))
        return text(value, "Set").casefold() if key == "Set" else name
    except (StopIteration, ValueUnusable, JsonUnreadable):
        return name


@dataclass(frozen=True, slots=True)
class _Game:
    """What `UrlLocal` tells (`league\\season\\2015-02-21 - 18-00 home 1 - 1 away`)."""

    match: str = ""
    season: str | None = None
    competition: str | None = None
    edition: str | None = None


def _game(url: object) -> _Game:
    try:
        parts = text(url, "UrlLocal").replace("\\", "/").strip("/").split("/")
    except ValueUnusable:
        return _Game()
    seasonal = len(parts) > 2 and re.fullmatch(r"\d{4}-\d{4}", parts[1])
    day = re.match(r"\d{4}-\d{2}-\d{2}", parts[-1])
    return _Game(
        "/".join(parts),
        parts[1] if seasonal else None,
        parts[0] if seasonal else None,
        _edition(day[0]) if day else None,
    )


@cache
def _edition(day: str) -> str | None:
    try:
        return edition_for(date.fromisoformat(day)).id
    except ValueError:  # no such day
        return None


@dataclass(frozen=True, slots=True)
class _Split:
    """One annotations.json and the clips beside it."""

    folder: Path
    name: str
    source: str
    group: Group
    around: int
    disk: CaseInsensitiveNames
    reject: Callable[[int, str], None]

    def clips(self) -> Iterator[Clip]:
        with progress(f"reading {self.name}") as update:
            for key, line, entry in json_entries(self.folder / FILE_NAME, objects=("Actions",)):
                if key == "Actions":
                    update(1)
                    name, action = entry if isinstance(entry, tuple) else ("", entry)
                    yield from self._views(short_repr(name), action, line)

    def _views(self, key: str, value: Any, line: int) -> Iterator[Clip]:
        try:
            action = mapping(value, "action")
            views = sequence(action.get("Clips"), "Clips")
        except ValueUnusable as error:
            self.reject(line, f"{error}, action {key}")
            return
        labels = parse_labels(action, lambda reason: self.reject(line, f"{reason}, action {key}"))
        game = _game(action.get("UrlLocal"))
        for view in views:
            try:
                yield self._clip(view, labels, game)
            except ValueUnusable as error:
                self.reject(line, f"{error}, action {key}")

    def _clip(self, value: Any, labels: IncidentLabels, game: _Game) -> Clip:
        view = mapping(value, "clip")
        url = text(view.get("Url"), "Url").replace("\\", "/").strip("/").split("/")
        if len(url) < 2:
            raise ValueUnusable(f"Url has no action and clip: {short_repr(view.get('Url'))}")
        place, header = self._find_video(safe_join(self.folder, "/".join(url[-2:]), "Url"))
        slower = number(view.get("Replay speed", 1.0), "Replay speed", 1 / _SLOWEST, _SLOWEST)
        start = max(0, INCIDENT_FRAME - self.around)
        end = min(
            INCIDENT_FRAME + self.around + 1,
            header.num_frames if header else INCIDENT_FRAME + self.around + 1,
        )
        if end <= INCIDENT_FRAME:
            raise ValueUnusable(f"clip ends before its incident: {end} frames, incident at {INCIDENT_FRAME}")
        width, height = (header.width, header.height) if header else (0, 0)
        action, name = (part.casefold() for part in url[-2:])
        camera = text(view.get("Camera type") or "", "Camera type", empty=True)
        return Clip(
            id=f"{self.name}/{action}/{name}",
            frames=tuple(Frame(index, place, width, height, in_video=True) for index in range(start, end)),
            provenance=Provenance(
                source=self.source,
                annotator="referees" if labels.labelled else "unknown",
                reviewed=labels.labelled,
                law_edition=game.edition,
                match=game.match if self.group == "match" else f"{self.name}/{action}",
                season=game.season,
                competition=game.competition,
                camera=camera or None,
                replay_speed=slower,
            ),
            frame_rate_hz=(header.frame_rate_hz if header else _RATE_HZ) * slower,
            facts=labels.facts,
            tags=labels.tags,
            events=(Event(INCIDENT_FRAME, "foul", None, labels.attributes),),
            ruling=labels.ruling(game.edition),
        )

    def _find_video(self, place: Path) -> tuple[Path, VideoHeader | None]:
        """Find a clip, whose url has no extension and not the case of the disk; or name it as it should."""
        folder = self.disk.folder(place.parent)
        video = folder and self.disk.file(folder / place.name, VIDEO_SUFFIXES)
        if video is None:
            return place.with_name(f"{place.name}.mp4"), None
        try:
            return video, probe_video(video)
        except VideoUnreadable as error:
            where = f"{video.parent.name}/{video.name}"
            raise ValueUnusable(f"video cannot be read: {where}, {error.reason}") from error


_WORDS = {
    "Offence": "offence",
    "Contact": "contact",
    "Bodypart": "bodypart",
    "Upper body part": "upper_body_part",
    "Action class": "action_class",
    "Multiple fouls": "multiple_fouls",
    "Try to play": "try_to_play",
    "Touch ball": "touch_ball",
    "Handball offence": "handball_offence",
}
"""Key -> name of the fact. Their vocabularies are open: what is written is kept."""

_CARDS: dict[float, Sanction] = {1.0: "none", 3.0: "yellow", 5.0: "red"}
"""Severity -> card; 2 and 4 lie between two of them."""


@dataclass(frozen=True, slots=True)
class IncidentLabels:
    """The labels of one incident, the same for all of its views."""

    facts: dict[str, Fact] = field(default_factory=dict)
    tags: Tags = ()
    attributes: Tags = ()
    """Of the event."""
    labelled: bool = False
    """Whether there is a label at all; the challenge split has none."""
    decision: Verdict | None = None
    sanction: Sanction | None = None

    def ruling(self, edition: str | None) -> Ruling | None:
        """Return what was ruled on a handball; other fouls are none of Law 12's handball clauses."""
        return Ruling(self.decision, sanction=self.sanction, edition=edition) if self.decision else None


def parse_labels(action: dict[str, Any], reject: Callable[[str], None]) -> IncidentLabels:
    """Return the labels of an action; `reject` is called with the reason of each value that is left out.

    Facts have the keys in lower case with underscores and the values likewise (`No offence`, `No Offence`:
    `no_offence`), `severity` as a number from 1 (no card) to 5 (red), `handball` as a boolean. Empty values
    are left away. Tags: `action_class_…`, `severity_…`, `offence_…`, `handball`, `handball_offence_…`.
    Only handballs have a ruling: by `Handball offence`, if that says offence or no offence.
    """
    facts: dict[str, Fact] = {}
    for key, name in _WORDS.items():
        try:
            value = text(action.get(key, ""), key, empty=True)
            if value:
                facts[name] = label(value, key)
        except ValueUnusable as error:
            reject(str(error))
    try:
        if (severity := action.get("Severity", "")) != "":
            facts["severity"] = number(severity, "Severity", 1, 5)
        if handball := text(action.get("Handball", ""), "Handball", empty=True):
            facts["handball"] = _handball(handball)
    except ValueUnusable as error:
        reject(str(error))
    tags = [f"{name}_{facts[name]}" for name in ("action_class", "offence") if name in facts]
    if isinstance(level := facts.get("severity"), float):
        tags.append(f"severity_{level:g}")
    decision: Verdict | None = None
    sanction: Sanction | None = None
    if facts.get("handball") is True:
        tags.append("handball")
        if verdict := facts.get("handball_offence"):
            tags.append(f"handball_offence_{verdict}")
            decision = _decision(str(verdict))
            sanction = _CARDS.get(level) if decision and isinstance(level, float) else None
    return IncidentLabels(
        facts,
        tuple(tags),
        (str(facts["offence"]),) if "offence" in facts else (),
        bool(facts),
        decision,
        sanction,
    )


def _handball(value: str) -> bool:
    verdict = label(value, "Handball")
    if verdict not in ("handball", "no_handball"):
        raise ValueUnusable(f"Handball is neither Handball nor No handball: {short_repr(value)}")
    return verdict == "handball"


def _decision(verdict: str) -> Verdict | None:
    """Read an open vocabulary: `no`, `No handball offence`, `Yes`, `Offence`; None for anything else."""
    words = verdict.split("_")
    if words[0] in ("no", "not"):
        return "no_offence"
    return "offence" if words[0] == "yes" or "offence" in words else None
