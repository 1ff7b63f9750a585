"""The review of one clip, from the video file to `decision.json`, annotated video and page."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from raasid.collect.source_discovery import Source
from raasid.escaping import printable_file_name
from raasid.io.atomic import StagedFolder
from raasid.io.drafts import remove_abandoned
from raasid.review.annotated_video import FILE_NAME as VIDEO
from raasid.review.annotated_video import write_video
from raasid.review.decision import FILE_NAME as DECISION
from raasid.review.decision import Decision, ModelInfo, read_decision, write_decision
from raasid.review.decision_builder import build_decision
from raasid.review.html_page import FILE_NAME as PAGE
from raasid.review.html_page import write_review_page
from raasid.review.judge_clip import ContextPredictor, judge_clip
from raasid.review.options import ReviewOptions
from raasid.review.perceived_frames import PerceivedFrames, Tracker
from raasid.review.video_source import file_stamp, open_video

_VERSION = 3
"""Incremented when a review of the same footage by the same models would come out differently."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Opens a progress bar, given a description and the number of steps; yields its update function."""


@dataclass(frozen=True, slots=True)
class ReviewModels:
    """The loaded models: ball and pose behind a tracker, context behind a predictor."""

    tracker: Tracker
    predictor: ContextPredictor
    info: Mapping[str, ModelInfo]


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """A reviewed clip."""

    decision: Decision
    folder: Path
    fresh: bool
    """Whether this call reviewed it; False if an earlier review was reused."""


def review_clip(
    source: Source, out: Path, models: ReviewModels, edition: str, options: ReviewOptions, progress: Progress
) -> ReviewResult:
    """Review a clip into OUT/<name>/<edition>/, or reuse the finished review of the same inputs.

        OUT/<name>/tracks-<key>/          the tracked frames, shared by all editions
        OUT/<name>/<edition>/decision.json, annotated.mp4, review.html

    `decision.json` is written last: if it exists, the review is complete. A killed review resumes.
    Raises VideoUnreadable if no frame can be decoded.
    """
    home = out / folder_name(source)
    folder = home / edition
    key = _digest([_VERSION, file_stamp(source), *_model_names(models), edition, options.model_dump()])
    earlier = read_decision(folder)
    if earlier is not None and earlier.key == key and _is_complete(folder, options):
        return ReviewResult(earlier, folder, fresh=False)
    video = open_video(source)
    folder.mkdir(parents=True, exist_ok=True)
    tracks_key = _digest([video.stamp, models.tracker.name, _VERSION])[:12]
    perceived = PerceivedFrames(home / f"tracks-{tracks_key}", video)
    with progress(f"{video.name}: tracking", video.frames) as update:
        perceived.perceive(models.tracker, update)
    verdict = judge_clip(perceived, models.predictor, edition, options)
    decision = build_decision(video, verdict, edition, models.info, key)
    remove_abandoned(folder)
    with StagedFolder(folder) as staging:
        if options.video:
            with progress(f"{video.name}: drawing", video.frames) as update:
                write_video(staging.path, perceived, decision, verdict.arm_px, options.video_px, update)
        else:
            (folder / VIDEO).unlink(missing_ok=True)
        write_review_page(staging.path, perceived, verdict, decision)
        write_decision(staging.path, decision)
        for file in sorted(staging.path.iterdir(), key=lambda file: file.name == DECISION):
            file.replace(folder / file.name)
    return ReviewResult(decision, folder, fresh=True)


def folder_name(source: Source) -> str:
    """Name the folder of a clip: its stem, and a digest that tells equal names apart."""
    digest = hashlib.sha256(os.fsencode(source.location)).hexdigest()
    return f"{printable_file_name(source.path.stem)}-{digest[:6]}"


def _is_complete(folder: Path, options: ReviewOptions) -> bool:
    return (folder / PAGE).is_file() and (not options.video or (folder / VIDEO).is_file())


def _model_names(models: ReviewModels) -> tuple[str, dict[str, str]]:
    return models.tracker.name, {name: model.sha256 for name, model in models.info.items()}


def _digest(inputs: list[object]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
