"""The review of one clip, from the file to the page; what is finished is found again, not done again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from raasid.collect.source_discovery import Source
from raasid.io.atomic import make_staging_folder, remove_abandoned
from raasid.review.abstention import Limits
from raasid.review.annotated_video import FILE_NAME as VIDEO
from raasid.review.annotated_video import write_video
from raasid.review.decision import FILE_NAME as DECISION
from raasid.review.decision import Decision, ModelSaid, read_decision, write_decision
from raasid.review.decision_writer import said
from raasid.review.html_page import write_review_page
from raasid.review.judge_clip import Judge, Verdict, judge_clip
from raasid.review.perceived_frames import Perceiver, Stretches
from raasid.review.video_source import open_film, stamp_of

_VERSION = 3
"""Counts up when a review of the same footage by the same models would come out differently."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Opens a progress bar: what is going on, and how many steps it has."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How clips are looked at; `raasid.pipeline.review_config` says more."""

    edition: str
    window_s: float = 0.96
    windows: int = 24
    video: bool = True
    video_px: int = 1280
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Two eyes and a judge."""

    perceiver: Perceiver
    judge: Judge
    models: Mapping[str, ModelSaid]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A clip that has been reviewed, now or before."""

    decision: Decision
    folder: Path
    fresh: bool


def review_clip(
    source: Source, out: Path, reviewer: Reviewer, settings: Settings, progress: Progress
) -> Reviewed:
    """Review a clip into OUT/<name>/<edition>/; raises VideoUnreadable where nothing can be decoded.

        OUT/<name>/tracks-<key>/          what was perceived; every edition shares it
        OUT/<name>/<edition>/decision.json, annotated.mp4, review.html

    `decision.json` comes last: where it is, all is. A review that is killed goes on where it was.
    """
    home = out / folder_name(source)
    folder = home / settings.edition
    key = _key(stamp_of(source), reviewer, settings)
    known = read_decision(folder)
    if known is not None and known.key == key and _whole(folder, settings):
        return Reviewed(known, folder, fresh=False)
    film = open_film(source)
    folder.mkdir(parents=True, exist_ok=True)
    perceived = hashlib.sha256(json.dumps([film.stamp, reviewer.perceiver.name, _VERSION]).encode())
    stretches = Stretches(home / f"tracks-{perceived.hexdigest()[:12]}", film)
    with progress(f"{film.name}: looking", film.frames) as advance:
        stretches.perceive(reviewer.perceiver, advance)
    verdict = judge_clip(
        stretches,
        reviewer.judge,
        settings.edition,
        settings.limits,
        settings.window_s,
        settings.windows,
    )
    decision = said(film, verdict, settings.edition, reviewer.models, key)
    remove_abandoned(folder)
    draft = make_staging_folder(folder)
    try:
        if settings.video:
            with progress(f"{film.name}: drawing", film.frames) as advance:
                write_video(draft, stretches, decision, arm_px(verdict), settings.video_px, advance)
        else:
            (folder / VIDEO).unlink(missing_ok=True)
        write_review_page(draft, stretches, verdict, decision)
        write_decision(draft, decision)
        for file in sorted(draft.iterdir(), key=lambda file: file.name == DECISION):
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Reviewed(decision, folder, fresh=True)


def folder_name(source: Source) -> str:
    """Name the folder of a clip: readable, and another one for each place."""
    return f"{source.path.stem}-{hashlib.sha256(os.fsencode(source.place)).hexdigest()[:6]}"


def arm_px(verdict: Verdict) -> float:
    """Length of the arm that decides, pixels of the footage; a guess where none is known."""
    if verdict.decisive is None:
        return 0.0
    length = float(verdict.reach.arm_px[verdict.decisive.at])
    return length if np.isfinite(length) else 0.0


def _whole(folder: Path, settings: Settings) -> bool:
    return (folder / "review.html").is_file() and (not settings.video or (folder / VIDEO).is_file())


def _key(stamp: str, reviewer: Reviewer, settings: Settings) -> str:
    models = {name: model.sha256 for name, model in reviewer.models.items()}
    told = [_VERSION, stamp, reviewer.perceiver.name, models, asdict(settings)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
