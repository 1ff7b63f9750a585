"""Examples for the pose report: enlarged persons, with the annotated and with the predicted skeletons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.matched import PoseOutcome
from raasid.evaluation.pose.matching import SIGMAS, oks
from raasid.evaluation.report_page import alternate
from raasid.footage.frame_reader import FrameReader
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import AnnotationSource, Person
from raasid.io.image_reader import ImageUnreadable
from raasid.models.pose.poses import People
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
