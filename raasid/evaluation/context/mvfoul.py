"""SoccerNet-MVFoul's leaderboard value of a context model: the mean of two balanced accuracies, in per cent.

Source: the challenge's own evaluator, SoccerNet/Evaluation/MV_FoulRecognition.py of its development kit. Two
differences: it compares raw strings, so that `No Offence` is not `No offence`; and it is NaN if a class does
not occur, which `absent` lists instead.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from raasid.datasets.context.sample_meta import ClipRef
from raasid.footage.records import Fact
from raasid.models.context.module import ContextPrediction
from raasid.stats.bootstrap import Estimate

Labels = Mapping[str, Fact]
"""`action_class`, `offence` and `severity` as `footage.formats.mvfoul.parse_labels` spells them."""
ClassProbabilities = dict[str, dict[str, float]]
"""Label -> class -> probability."""

ACTIONS = (
    "tackling", "standing_tackling", "high_leg", "holding", "pushing", "elbowing", "challenge", "dive",
)  # fmt: skip
SEVERITIES = (None, 1.0, 3.0, 5.0)
"""None is no offence; then no card, yellow, red."""
_DIVE = "dive"


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The evaluator's figures, in per cent; NaN if no incident counts."""

    leaderboard_value: float
    balanced_accuracy_offence_severity: float
    balanced_accuracy_action: float
    accuracy_offence_severity: float
    accuracy_action: float
    actions: int
    """Incidents that count: of a known class, clearly an offence or none, and of a definite severity."""
    unanswered: int
    """Of those, the ones without a prediction; they count as wrong."""
    absent: tuple[str, ...]
    """Classes that do not occur; the balanced accuracies are means over the others."""


def leaderboard(truth: Mapping[str, Labels], predicted: Mapping[str, Labels]) -> Leaderboard:
    """Compute the leaderboard from annotations and predictions, both by incident.

    Incidents that the evaluator excludes: without a class or of class `dont_know`; and, except for dives,
    those `between` offence and none, and offences between two severities. A dive that is unclear in either is
    an offence without card, and this is the expected prediction for every dive that is an offence.
    """
    actions: dict[Hashable, list[bool]] = defaultdict(list)
    severities: dict[Hashable, list[bool]] = defaultdict(list)
    unanswered = 0
    for name, labels in truth.items():
        action = labels.get("action_class")
        offence, severity = _offence(labels)
        if action not in ACTIONS or offence is None or (offence and severity is None):
            continue
        prediction = predicted.get(name, {})
        unanswered += name not in predicted
        expected_severity = (1.0 if action == _DIVE else severity) if offence else None
        correct_offence = prediction.get("offence") == ("offence" if offence else "no_offence")
        actions[action].append(prediction.get("action_class") == action)
        severities[severity if offence else None].append(
            correct_offence and prediction.get("severity") == expected_severity
        )
    balanced = 100 * _balanced(severities), 100 * _balanced(actions)
    absent = [str(action) for action in ACTIONS if action not in actions]
    absent += [_severity_name(severity) for severity in SEVERITIES if severity not in severities]
    return Leaderboard(
        leaderboard_value=sum(balanced) / 2,
        balanced_accuracy_offence_severity=balanced[0],
        balanced_accuracy_action=balanced[1],
        accuracy_offence_severity=100
        * _accuracy([one for correct in severities.values() for one in correct]),
        accuracy_action=100 * _accuracy([one for correct in actions.values() for one in correct]),
        actions=sum(map(len, actions.values())),
        unanswered=unanswered,
        absent=tuple(absent),
    )


def _offence(labels: Labels) -> tuple[bool | None, float | None]:
    """Whether it is an offence, and how severe; None if that is unclear."""
    offence, severity = labels.get("offence"), labels.get("severity")
    known = float(severity) if isinstance(severity, float | int) and severity in SEVERITIES else None
    if labels.get("action_class") == _DIVE:
        return offence != "no_offence", known or 1.0
    return {"offence": True, "no_offence": False}.get(str(offence)), known


def _balanced(classes: Mapping[Hashable, list[bool]]) -> float:
    return _mean([_accuracy(correct) for correct in classes.values()])


def _accuracy(correct: list[bool]) -> float:
    return _mean([float(one) for one in correct])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _severity_name(severity: float | None) -> str:
    return "no_offence" if severity is None else f"severity_{severity:g}"


def incident_estimates(pairs: Iterable[tuple[ClipRef, ContextPrediction]]) -> dict[str, Estimate]:
    """Estimate the leaderboard's values; empty without labelled clips or without predictions of incidents.

    A clip's incident is its id up to the last slash, as the importer names them; probabilities are averaged
    over its cameras.
    """
    truth: dict[str, dict[str, Fact]] = {}
    views: dict[str, list[ClassProbabilities]] = defaultdict(list)
    for ref, prediction in pairs:
        name = ref.clip.rpartition("/")[0] or ref.clip
        if ref.incident and prediction.incident:
            truth[name] = _as_annotated(ref.incident)
            views[name].append(prediction.incident)
    if not truth:
        return {}
    predicted = {name: _as_annotated(_most_likely(its_views)) for name, its_views in views.items()}
    board = leaderboard(truth, predicted)
    values = {
        "balanced_accuracy_action": board.balanced_accuracy_action,
        "balanced_accuracy_offence_severity": board.balanced_accuracy_offence_severity,
        "leaderboard_value": board.leaderboard_value,
    }
    return {
        name: Estimate(value, math.nan, math.nan, board.actions, "clip") for name, value in values.items()
    }


def _most_likely(views: list[ClassProbabilities]) -> dict[str, str]:
    summed: dict[str, dict[str, float]] = {}
    for name, classes in views[0].items():
        summed[name] = {value: sum(view[name][value] for view in views) for value in classes}
    return {name: max(classes, key=lambda value: classes[value]) for name, classes in summed.items()}


def _as_annotated(labels: dict[str, str]) -> dict[str, Fact]:
    """Convert to the dataset's labels, which hold offence and severity separately."""
    annotated: dict[str, Fact] = {}
    if "action_class" in labels:
        annotated["action_class"] = labels["action_class"]
    if severity := labels.get("severity"):
        annotated["offence"] = "no_offence" if severity == "no_offence" else "offence"
        if severity != "no_offence":
            annotated["severity"] = float(severity)
    return annotated
