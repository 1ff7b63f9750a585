"""The report of a pose model."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from raasid.evaluation.pose.average_precision import Ranking, average_precision, precision_recall
from raasid.evaluation.pose.joint_errors import PCK_TORSOS
from raasid.evaluation.pose.matching import MAX_PEOPLE, THRESHOLDS
from raasid.evaluation.pose.report_figures import KEY, example_groups, render_examples, select_examples
from raasid.evaluation.pose.result import PoseResult
from raasid.evaluation.report_page import ReportPage, describe_intervals, format_number
from raasid.footage.keypoints import KEYPOINTS
from raasid.reports.charts import Series, chart_grid, line_chart
from raasid.reports.document import plural

_CURVES = (0, 5, 8)
"""Of `THRESHOLDS`: 0.50, 0.75, 0.90."""


def _answer(result: PoseResult) -> str:
    value = result["AP50"].value
    if math.isnan(value):
        return "No frame shows a person with labelled joints: the accuracy is undefined."
    return (
        f'Finds players with an <b class="num">AP50 of {value * 100:.1f} %</b>; a joint of the arm is'
        f' typically off by <b class="num">{format_number(result["arm_error"].value, 0)} %</b> of a forearm.'
    )


def _description(result: PoseResult) -> str:
    counts = f"{plural(result.counts['frames'], 'frame')}, {plural(result.counts['persons'], 'person')} with"
    counts += f" labelled joints, {plural(result.counts['matches'], 'match')}"
    times = "" if result.timing is None else f" Times: {result.timing.conditions}."
    similarity = f"Similarity is COCO's OKS, up to {MAX_PEOPLE} people a frame."
    return f"{counts}. {similarity} {describe_intervals(result)}{times}"


def _examples(result: PoseResult) -> Iterator[str]:
    if not result.outcomes:
        return
    yield f"<h2>Examples</h2><p class=note>{KEY}</p>"
    for title, meaning, examples in example_groups(result.outcomes):
        chosen = select_examples(examples)
        more = f", {len(chosen)} shown" if len(chosen) < len(examples) else ""
        yield f"<h3>{title}: {len(examples)}{more}</h3>"
        if chosen:
            yield f'<p class="note">{meaning}</p>'
            yield f'<div class="pictures">{"".join(render_examples(chosen))}</div>'


def _charts(result: PoseResult) -> Iterator[str]:
    if not result.outcomes:
        return
    own = Ranking.build([outcome.matches for outcome in result.outcomes])
    at_truth = Ranking.build([outcome.at_truth_matches for outcome in result.outcomes])
    curves = [
        Series(f"OKS {THRESHOLDS[t]:.2f}", recall.tolist(), precision.tolist())
        for t in _CURVES
        for recall, precision in [precision_recall(own, t)]
    ]
    by_threshold = [
        Series(name, THRESHOLDS.tolist(), average_precision(ranking).tolist())
        for name, ranking in (("own boxes", own), ("boxes given", at_truth))
    ]
    unit = (0.0, 1.0)
    yield "<h2>Accuracy by threshold</h2>"
    yield chart_grid(
        [
            line_chart(curves, "recall", "Precision against recall, own boxes", x_range=unit, y_range=unit),
            line_chart(by_threshold, "OKS from which a pose is correct", "Average precision", y_range=unit),
        ]
    )
    yield from _joints(result)


def _joints(result: PoseResult) -> Iterator[str]:
    """A row per joint with its error at the annotated boxes."""
    torso = np.concatenate([outcome.joint_errors.torso for outcome in result.outcomes])
    yield "<h2>Joint by joint</h2>"
    yield (
        '<p class="note">With the box given; a torso is the longer way from a shoulder to the other side\'s'
        f" hip. PCK: the share of joints within {PCK_TORSOS:g} torsos.</p>"
    )
    rows = []
    for name, errors in zip(KEYPOINTS, torso.T, strict=True):
        known = errors[~np.isnan(errors)]
        if known.size:
            cells = (f"{len(known)}", f"{np.median(known):.3f}", f"{np.mean(known <= PCK_TORSOS):.3f}")
            numbers = "".join(f'<td class="right num">{cell}</td>' for cell in cells)
            rows.append(f"<tr><td>{name.replace('_', ' ')}</td>{numbers}</tr>")
    heads = "".join(f'<th class="right">{head}</th>' for head in ("labelled", "median error, torsos", "PCK"))
    yield (f"<table><thead><tr><th>joint</th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


PAGE: ReportPage[PoseResult] = ReportPage(
    model="pose model",
    answer=_answer,
    description=_description,
    figures=(
        ("AP50", "AP50"),
        ("mAP", "mAP"),
        ("AP_arms", "mAP of the arms"),
        ("AP50_at_truth", "AP50, boxes given"),
    ),
    columns=(("mAP", "mAP"), ("AP50", "AP50"), ("mAP_at_truth", "mAP, boxes given"), ("found", "found")),
    examples=_examples,
    charts=_charts,
)
