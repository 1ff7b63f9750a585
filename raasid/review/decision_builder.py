"""Build the record of a review, `decision.json`, from a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

from raasid.escaping import printable
from raasid.laws.edition import Ruling
from raasid.laws.facts import Value
from raasid.models.context.module import ContextPrediction
from raasid.review.decision import (
    Contact,
    Decision,
    EditionDecision,
    Evidence,
    FactPrediction,
    ModelInfo,
    WindowPrediction,
)
from raasid.review.judge_clip import ClipVerdict
from raasid.review.video_source import VideoSource


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
