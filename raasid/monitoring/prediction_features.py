"""Features of what a model says about footage, from the prediction records of the three tasks.

They need no labels. Lengths are shares of the image's width, so that sizes of images make no difference.
`ball to arm` is the least distance in a clip, in lengths of that arm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from raasid.footage.records import Clip
from raasid.monitoring.feature_table import Feature, FeatureTable, Row
from raasid.review.arm_distance import measure_arm_distance
from raasid.tracks.track_arrays import clip_tracks

if TYPE_CHECKING:
    from raasid.datasets.context.sample_meta import ClipRef
    from raasid.datasets.sample_meta import FrameRef
    from raasid.models.ball.module import Detections
    from raasid.models.context.module import ContextPrediction
    from raasid.models.pose.poses import People

ROWS_PER_MATCH = 32


def ball_features(predictions: Iterable[tuple[FrameRef, Detections]]) -> FeatureTable:
    """Return a row for each frame: the best candidate, however confident."""
    rows = ((ref.match, _ball_row(found, _width(ref))) for ref, found in predictions)
    return FeatureTable.of(rows, ROWS_PER_MATCH)


def pose_features(predictions: Iterable[tuple[FrameRef, People]]) -> FeatureTable:
    """Return a row for each frame: how many people, how tall, and how sure the model is of them."""
    rows = ((ref.match, _pose_row(people, _width(ref))) for ref, people in predictions)
    return FeatureTable.of(rows, ROWS_PER_MATCH)


def context_features(
    predictions: Iterable[tuple[ClipRef, ContextPrediction]], clips: Mapping[str, Clip]
) -> FeatureTable:
    """Return a row for each clip: probabilities of the decision and its facts, and the tracks behind them.

    clips: id -> the clip with the tracks that the model received.
    """
    rows = (
        (ref.match, {**_context_row(prediction), **_track_row(clips.get(ref.clip))})
        for ref, prediction in predictions
    )
    return FeatureTable.of(rows, ROWS_PER_MATCH)


def _width(ref: FrameRef) -> float:
    return float(ref.frame.width or 1)


def _ball_row(found: Detections, width: float) -> Row:
    if not len(found.score):
        return {"ball confidence": 0.0}
    (x, y), (w, h) = found.xy[0].tolist(), found.wh[0].tolist()
    return {
        "ball confidence": float(found.score[0]),
        "ball x": x / width,
        "ball y": y / width,
        "ball size": min(w, h) / width,
    }


def _pose_row(people: People, width: float) -> Row:
    row: dict[str, Feature] = {"people": float(len(people.score))}
    if len(people.score):
        row["person height"] = float(np.median(people.boxes[:, 3] - people.boxes[:, 1])) / width
        row["person confidence"] = float(people.score.mean())
        row["keypoint confidence"] = float(people.keypoints[..., 2].mean())
    return row


def _context_row(prediction: ContextPrediction) -> Row:
    row: dict[str, Feature] = {
        "offence": prediction.offence,
        "confidence": max(prediction.offence, 1 - prediction.offence),
        "abstained": _text(prediction.abstained),
    }
    for fact, values in prediction.facts.items():
        if set(values) <= {True, False}:
            row[f"fact {fact}"] = values.get(True, 0.0)
        elif values:
            row[f"fact {fact}"] = _text(max(values, key=lambda value: values[value]))
    return row


def _track_row(clip: Clip | None) -> Row:
    if clip is None:
        return {}
    tracks = clip_tracks(clip)
    arms = measure_arm_distance(tracks)
    row: dict[str, Feature] = {
        "ball seen": float(tracks.ball_seen.mean()),
        "people": float(arms.people.mean()),
    }
    if np.isfinite(arms.gap).any():
        row["ball to arm"] = float(np.nanmin(arms.gap))
    if np.isfinite(arms.height_px).any():
        row["person height"] = float(np.nanmedian(arms.height_px)) / max(1, tracks.size[0])
    return row


def _text(value: bool | str) -> str:
    return str(value).lower()
