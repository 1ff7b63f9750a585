"""The review of one clip, from the video file to `decision.json`, annotated video and page."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from raasid.collect.source_discovery import Source
from raasid.escaping import printable, printable_file_name
from raasid.io.atomic import StagedFolder
from raasid.io.drafts import remove_abandoned
from raasid.laws.edition import Ruling
from raasid.laws.facts import Value
from raasid.models.context.module import ContextPrediction
from raasid.review.annotated_video import FILE_NAME as VIDEO
from raasid.review.annotated_video import write_video
from raasid.review.decision import FILE_NAME as DECISION
from raasid.review.decision import (
    Contact,
    Decision,
    EditionDecision,
    Evidence,
    FactPrediction,
    ModelInfo,
    WindowPrediction,
    read_decision,
    write_decision,
)
from raasid.review.html_page import FILE_NAME as PAGE
from raasid.review.html_page import write_review_page
from raasid.review.judge_clip import ClipVerdict, ContextPredictor, judge_clip
from raasid.review.options import ReviewOptions
from raasid.review.perceived_frames import PerceivedFrames, Tracker
from raasid.review.video_source import VideoSource, file_stamp, open_video

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


def build_decision(
    video: VideoSource, verdict: ClipVerdict, edition: str, models: Mapping[str, ModelInfo], key: str
) -> Decision:
    """Build the record of one review; without enough evidence it holds no probabilities and no facts."""
    decisive = verdict.decisive
    prediction = None if decisive is None else decisive.prediction
    reportable = prediction if decisive is not None and decisive.is_reportable else None
    ruling = Ruling(None) if prediction is None or verdict.abstained else prediction.ruling
    return Decision(
        clip=printable(video.path.stem),
        source=video.name,
        decision=ruling.decision,
        abstained=verdict.abstained,
        confidence=_rounded(verdict.confidence),
        offence_probability=None if reportable is None else _rounded(reportable.offence),
        facts={} if reportable is None else _fact_predictions(reportable),
        edition=edition,
        clause=ruling.clause,
        restart=ruling.restart,
        sanction=ruling.sanction,
        wording=ruling.confidence,
        contact=_contact(video, verdict),
        reasons=list(verdict.reasons),
        limits=list(verdict.caveats),
        stands_on=_evidence(video, verdict),
        windows=_windows(verdict),
        other_editions=[] if reportable is None else _other_editions(verdict),
        models=dict(models),
        key=key,
    )


def _fact_predictions(prediction: ContextPrediction) -> dict[str, FactPrediction]:
    """Every fact of the Laws, with the model's probabilities."""
    facts = {}
    for name, value in asdict(prediction.most_likely).items():
        probabilities = prediction.facts.get(name, {})
        facts[name] = FactPrediction(
            value=value,
            probability=_rounded(probabilities[value]) if value in probabilities else None,
            probabilities={_json_key(choice): _rounded(p) for choice, p in probabilities.items()},
        )
    return facts


def _json_key(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _contact(video: VideoSource, verdict: ClipVerdict) -> Contact | None:
    decisive, arm_distance = verdict.decisive, verdict.arm_distance
    if decisive is None:
        return None
    prediction, at = decisive.prediction, decisive.at
    track = prediction.contact_track
    if track is None and arm_distance.track[at] >= 0:
        track = int(arm_distance.track[at])
    return Contact(
        frame=at,
        time_s=round(at / video.frame_rate_hz, 3),
        person=track,
        side=_side(prediction.side) or _side(arm_distance.side_names[at]) or "none",
        segment=prediction.most_likely.segment if decisive.is_reportable else None,
        seen=decisive.is_reportable and prediction.contact_frame is not None,
    )


def _side(name: str) -> Literal["left", "right"] | None:
    return "left" if name == "left" else "right" if name == "right" else None


def _evidence(video: VideoSource, verdict: ClipVerdict) -> Evidence:
    arm_distance = verdict.arm_distance
    return Evidence(
        frames=video.frames,
        frames_stated=video.frames_stated,
        frame_rate_hz=video.frame_rate_hz,
        width=video.width,
        height=video.height,
        players=verdict.num_tracks,
        players_per_frame=round(float(arm_distance.people.mean()), 2),
        ball_seen=_rounded(float(arm_distance.ball_seen.mean())),
        ball_known=_rounded(float(arm_distance.ball_known.mean())),
        windows_passed_over=verdict.selected.passed_over,
    )


def _windows(verdict: ClipVerdict) -> list[WindowPrediction]:
    windows = []
    for result in verdict.windows:
        window, prediction = result.window, result.prediction
        gap = float(verdict.arm_distance.gap_px[window.nearest])
        windows.append(
            WindowPrediction(
                start=window.start,
                stop=window.stop,
                nearest=window.nearest,
                gap_px=round(gap, 2) if math.isfinite(gap) else None,
                offence_probability=_rounded(prediction.offence) if result.is_reportable else None,
                abstained=not result.is_reportable or prediction.abstained or prediction.ruling.abstained,
            )
        )
    return windows


def _other_editions(verdict: ClipVerdict) -> list[EditionDecision]:
    return [
        EditionDecision(
            edition=name,
            decision=prediction.ruling.decision,
            restart=prediction.ruling.restart,
            sanction=prediction.ruling.sanction,
            clause=prediction.ruling.clause,
            offence_probability=_rounded(prediction.offence),
        )
        for name, prediction in verdict.editions.items()
    ]


def _rounded(probability: float) -> float:
    """A probability in four decimals, clipped to [0, 1]."""
    return round(min(max(float(probability), 0.0), 1.0), 4)
