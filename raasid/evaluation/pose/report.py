"""The report of a pose model, with examples of persons: the annotated and the predicted skeletons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.average_precision import Ranking, average_precision, precision_recall
from raasid.evaluation.pose.matched import PCK_TORSOS, PoseOutcome
from raasid.evaluation.pose.matching import MAX_PEOPLE, SIGMAS, THRESHOLDS, oks
from raasid.evaluation.pose.result import PoseResult
from raasid.evaluation.report_page import ReportPage, alternate, describe_intervals, format_number
from raasid.footage.frame_reader import FrameReader
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import AnnotationSource, Person
from raasid.io.image_reader import ImageUnreadable
from raasid.models.pose.poses import People
from raasid.reports.charts import Series, chart_grid, line_chart
from raasid.reports.document import plural
from raasid.reports.frame_figure import FRAME_KEY, side_by_side
from raasid.stats.bootstrap import Floats

MAX_EXAMPLES = 12
MIN_JOINT_CONFIDENCE = 0.1
"""Joints below this confidence are not drawn."""
_MODEL = "model"

KEY = f"Left: as annotated; right, dashed: as predicted. {FRAME_KEY}"


@dataclass(frozen=True, slots=True, eq=False)
class ExampleCrop:
    """One part of a frame to show."""

    outcome: PoseOutcome
    box: tuple[float, float, float, float]
    """Left, top, width, height."""
    predicted: tuple[Person, ...]
    rank: float
    """Examples are sorted by it, the smallest first."""
    caption: str


def example_groups(outcomes: Sequence[PoseOutcome]) -> list[tuple[str, str, list[ExampleCrop]]]:
    """Return title, meaning and examples of each group, the most informative first."""
    at_truth = [crop for outcome in outcomes for crop in _at_truth(outcome)]
    missed = [crop for outcome in outcomes for crop in _missed(outcome)]
    wrong = [crop for outcome in outcomes for crop in _wrong(outcome)]
    return [
        ("Least similar", "At the annotated boxes, the poses with the lowest OKS.", at_truth),
        ("Not found", "None of the model's own boxes is on this person; tallest first.", missed),
        (
            "Wrong",
            "With the model's own boxes, poses that match no person (OKS 0.50); most confident first.",
            wrong,
        ),
        ("Most similar", "At the annotated boxes, the poses with the highest OKS.", _reversed(at_truth)),
    ]


def select_examples(crops: Sequence[ExampleCrop], limit: int = MAX_EXAMPLES) -> list[ExampleCrop]:
    """Select the first by rank, alternating between clips."""
    ranked = sorted(crops, key=lambda crop: crop.rank)
    return alternate(ranked, lambda crop: crop.outcome.ref.clip)[:limit]


def render_examples(chosen: Sequence[ExampleCrop]) -> Iterator[str]:
    """Yield a figure for each example."""
    with FrameReader() as reader:
        for crop in chosen:
            frame = crop.outcome.ref.frame
            clip = f"<b>{escape(crop.outcome.ref.clip)}</b> frame {frame.index}"
            tags = "".join(f" · {escape(tag)}" for tag in crop.outcome.tags[:2])
            caption = f"{clip} · {escape(crop.caption)}{tags}"
            try:
                image = reader.read(frame)
            except ImageUnreadable as error:
                yield f'<figure class="note">{escape(str(error))}<figcaption>{caption}</figcaption></figure>'
                continue
            views = [replace(frame, balls=(), persons=persons) for persons in (frame.persons, crop.predicted)]
            yield side_by_side(image, views, crop.box, caption)


def _at_truth(outcome: PoseOutcome) -> Iterator[ExampleCrop]:
    truth, predicted = outcome.truth, outcome.at_truth
    poses = predicted.keypoints[..., :2].astype(np.float64)
    similarity = oks(poses, truth.keypoints[..., :2], truth.labelled, truth.area)
    for k in np.flatnonzero(truth.is_target):
        text = f"OKS {similarity[k]:.2f}{_worst_joint(poses[k], truth.keypoints[k], truth.area[k])}"
        box = outcome.ref.frame.persons[k].box
        shown = _person(predicted, int(k), truth.labelled[k])
        yield ExampleCrop(outcome, box, (shown,), float(similarity[k]), text)


def _missed(outcome: PoseOutcome) -> Iterator[ExampleCrop]:
    predicted = tuple(_person(outcome.people, k) for k in range(len(outcome.people.score)))
    for k in np.flatnonzero(outcome.truth.is_target & ~outcome.is_found):
        box = outcome.ref.frame.persons[k].box
        yield ExampleCrop(outcome, box, predicted, -box[3], f"{box[3]:.0f} px tall")


def _wrong(outcome: PoseOutcome) -> Iterator[ExampleCrop]:
    order = np.argsort(-outcome.people.score, kind="stable")
    for k in np.flatnonzero(~outcome.matches.correct[0, 0] & ~outcome.matches.ignored[0, 0]):
        score = float(outcome.matches.score[k])
        predicted = _person(outcome.people, int(order[k]))
        yield ExampleCrop(outcome, predicted.box, (predicted,), -score, f"score {score:.2f}")


def _reversed(crops: Sequence[ExampleCrop]) -> list[ExampleCrop]:
    return [replace(crop, rank=-crop.rank) for crop in crops]


def _worst_joint(pose: Floats, true: Floats, area: float) -> str:
    """Describe the joint with the largest error in its own tolerance."""
    error = np.linalg.norm(pose - true[:, :2], axis=1)
    tolerances = np.where(true[:, 2] > 0, error / (2 * SIGMAS * np.sqrt(max(area, 1.0))), -1.0)
    joint = int(tolerances.argmax())
    return f", {KEYPOINTS[joint].replace('_', ' ')} {error[joint]:.0f} px off"


def _person(people: People, k: int, drawn: NDArray[np.bool_] | None = None) -> Person:
    """Convert one of the people; drawn: (17,) joints to show, None for those of enough confidence."""
    if drawn is None:
        drawn = people.keypoints[k, :, 2] >= MIN_JOINT_CONFIDENCE
    left, top, right, bottom = people.boxes[k].tolist()
    rows = people.keypoints[k].tolist()
    keypoints = tuple((x, y, 2 if shown else 0) for (x, y, _), shown in zip(rows, drawn, strict=True))
    box = (left, top, right - left, bottom - top)
    return Person(
        0, "player", box, keypoints=keypoints, source=AnnotationSource(_MODEL, float(people.score[k]))
    )


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
