"""The pose model's part of the report."""

from __future__ import annotations

import math

from raasid.evaluation.pose.joints import PCK_REACH
from raasid.evaluation.pose.matching import MAX_PEOPLE
from raasid.evaluation.pose.outcomes import LEAST_OVERLAP
from raasid.evaluation.pose.result import PoseResult
from raasid.evaluation.report.page import Page, intervals_in_words
from raasid.evaluation.report.tables import number, plural


def _answer(result: PoseResult) -> str:
    value = result["AP50"].value
    if math.isnan(value):
        return "No frame shows a person with labelled joints: there is nothing to judge the model by."
    return (
        f'Finds players with an <b class="num">AP50 of {value * 100:.1f} %</b>; an elbow or wrist is'
        f' typically off by <b class="num">{number(result["arm_error"].value, 0)} %</b> of a forearm.'
    )


def _ground(result: PoseResult) -> str:
    counts = f"{plural(result.counts['frames'], 'frame')}, {plural(result.counts['persons'], 'person')} with"
    counts += f" labelled joints, {plural(result.counts['matches'], 'match')}"
    times = "" if result.timing is None else f" Times: {result.timing.conditions}."
    likeness = f"Likeness is COCO's OKS, up to {MAX_PEOPLE} people a frame."
    return f"{counts}. {likeness} {intervals_in_words(result)}{times}"


PAGE: Page[PoseResult] = Page(
    model="pose model",
    answer=_answer,
    ground=_ground,
    figures=(
        ("AP50", "AP50"),
        ("mAP", "mAP"),
        ("AP_arms", "mAP of the arms"),
        ("AP50_at_truth", "AP50, boxes given"),
    ),
    columns=(("mAP", "mAP"), ("AP50", "AP50"), ("mAP_at_truth", "mAP, boxes given"), ("found", "found")),
    meaning={
        "mAP": "COCO's OKS AP with the model's own boxes, mean over OKS 0.50 to 0.95",
        "AP50": "The same at OKS 0.50",
        "AP75": "The same at OKS 0.75",
        "AR": "COCO's average recall over the same thresholds",
        "AP_small": "mAP of persons of less than 32² square pixels of the source",
        "AP_medium": "mAP of persons of 32² to 96²",
        "AP_large": "mAP of persons of more than 96²",
        "AP_arms": "mAP by shoulders, elbows and wrists alone",
        "mAP_at_truth": "mAP with the annotated boxes: the joints alone",
        "AP50_at_truth": "AP50 with the annotated boxes",
        "AP75_at_truth": "AP75 with the annotated boxes",
        "arm_error": "Median distance of shoulders, elbows and wrists, % of the forearm, boxes given",
        "pck_torso": f"Joints within {PCK_REACH:g} torsos of the truth, boxes given",
        "swap_rate": "Elbow or wrist pairs that fit better with left and right exchanged, boxes given",
        "found": f"Persons overlapped by one of the model's own boxes (IoU {LEAST_OVERLAP:g})",
        "inference_time_p50": "Milliseconds a frame, median",
        "inference_time_p95": "Milliseconds a frame, 95th percentile",
    },
)
