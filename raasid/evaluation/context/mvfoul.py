"""SoccerNet-MVFoul's leaderboard: the mean of two balanced accuracies, in per cent.

Source: the challenge's own evaluator, SoccerNet/Evaluation/MV_FoulRecognition.py of its development kit, read
for what it counts. Two things differ: it compares raw strings, so that `No Offence` is not `No offence`;
and it is NaN as soon as one class does not occur, which `absent` tells instead.

SoccerNet-MVFoul's figures of what a context model says about incidents, all cameras of one together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.datasets.context.sample_meta import ClipRef
from raasid.footage.formats.mvfoul_labels import (labels_of)
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, read_json
from raasid.footage.records import Fact
from raasid.models.context.module import ClipJudgement
from raasid.stats.bootstrap import Estimate

Labels = Mapping[str, Fact]
"""`action_class`, `offence` and `severity` as `mvfoul_labels.labels_of` spells them."""

ACTIONS = (
    "tackling", "standing_tackling", "high_leg", "holding", "pushing", "elbowing", "challenge", "dive",
)  # fmt: skip
SEVERITIES = (None, 1.0, 3.0, 5.0)
"""None is no offence; then no card, yellow, red."""
_DIVE = "dive"


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The evaluator's figures, in per cent; NaN where nothing counts."""

    leaderboard_value: float
    balanced_accuracy_offence_severity: float
    balanced_accuracy_action: float
    accuracy_offence_severity: float
    accuracy_action: float
    actions: int
    """Incidents that count: of a known class, clear whether an offence, and of a whole severity."""
    unanswered: int
    """Of those, without a prediction; they count as wrong."""
    absent: tuple[str, ...]
    """Classes that do not occur; the balanced accuracies are over the others."""


def leaderboard(truth: Mapping[str, Labels], said: Mapping[str, Labels]) -> Leaderboard:
    """Judge predictions by the annotations, both by incident.

    Incidents that the evaluator leaves out: without a class or of class `dont_know`; and, dives apart,
    those `between` offence and none, and offences between two severities. A dive that is unclear in either
    is an offence without card, and of every dive that is what a prediction has to say.
    """
    actions: dict[Hashable, list[bool]] = defaultdict(list)
    severities: dict[Hashable, list[bool]] = defaultdict(list)
    unanswered = 0
    for name, labels in truth.items():
        action = labels.get("action_class")
        offence, severity = _offence(labels)
        if action not in ACTIONS or offence is None or (offence and severity is None):
            continue
        guess = said.get(name, {})
        unanswered += name not in said
        expected = (1.0 if action == _DIVE else severity) if offence else None
        guessed = guess.get("offence") == ("offence" if offence else "no_offence")
        actions[action].append(guess.get("action_class") == action)
        severities[severity if offence else None].append(guessed and guess.get("severity") == expected)
    balanced = 100 * _balanced(severities), 100 * _balanced(actions)
    absent = [str(action) for action in ACTIONS if action not in actions]
    absent += [_called(severity) for severity in SEVERITIES if severity not in severities]
    return Leaderboard(
        leaderboard_value=sum(balanced) / 2,
        balanced_accuracy_offence_severity=balanced[0],
        balanced_accuracy_action=balanced[1],
        accuracy_offence_severity=100 * _share([right for rights in severities.values() for right in rights]),
        accuracy_action=100 * _share([right for rights in actions.values() for right in rights]),
        actions=sum(map(len, actions.values())),
        unanswered=unanswered,
        absent=tuple(absent),
    )


def leaderboard_of_files(truth: Path, said: Path) -> Leaderboard:
    """The same of two files in the challenge's format, `annotations.json` and predictions.

    Raises JsonUnreadable, also for a file without actions.
    """
    return leaderboard(_read(truth), _read(said))


def _read(path: Path) -> dict[str, Labels]:
    document = read_json(path)
    entries = document.get("Actions") if isinstance(document, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise JsonUnreadable(path, None, "no Actions: expected {'Actions': {'0': {'Action class': …}}}")
    return {name: _labels(path, name, entry) for name, entry in entries.items()}


def _labels(path: Path, name: str, entry: Any) -> Labels:
    if not isinstance(entry, dict):
        raise JsonUnreadable(path, None, f"action {name} is no object: {entry!r:.60}")

    def bad(reason: str) -> None:
        raise JsonUnreadable(path, None, f"{reason}, action {name}")

    return labels_of(entry, bad).facts


def _offence(labels: Labels) -> tuple[bool | None, float | None]:
    """Whether it is an offence, and how severe; None where nobody can say."""
    said, severity = labels.get("offence"), labels.get("severity")
    known = float(severity) if isinstance(severity, float | int) and severity in SEVERITIES else None
    if labels.get("action_class") == _DIVE:
        return said != "no_offence", known or 1.0
    return {"offence": True, "no_offence": False}.get(str(said)), known


def _balanced(classes: Mapping[Hashable, list[bool]]) -> float:
    return _mean([_share(rights) for rights in classes.values()])


def _share(rights: list[bool]) -> float:
    return _mean([float(right) for right in rights])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _called(severity: float | None) -> str:
    return "no_offence" if severity is None else f"severity_{severity:g}"


Chances = dict[str, dict[str, float]]


def incident_estimates(pairs: Iterable[tuple[ClipRef, ClipJudgement]]) -> dict[str, Estimate]:
    """The leaderboard's values; none where no clip is labelled, or the model says nothing of incidents.

    A clip's incident is its id up to the last slash, as the reader names them; chances are averaged over
    its cameras.
    """
    truth: dict[str, dict[str, Fact]] = {}
    views: dict[str, list[Chances]] = defaultdict(list)
    for ref, judgement in pairs:
        name = ref.clip.rpartition("/")[0] or ref.clip
        if ref.incident and judgement.incident:
            truth[name] = _spelled(ref.incident)
            views[name].append(judgement.incident)
    if not truth:
        return {}
    said = {name: _spelled(_likeliest(chances)) for name, chances in views.items()}
    board = leaderboard(truth, said)
    values = {
        "balanced_accuracy_action": board.balanced_accuracy_action,
        "balanced_accuracy_offence_severity": board.balanced_accuracy_offence_severity,
        "leaderboard_value": board.leaderboard_value,
    }
    return {
        name: Estimate(value, math.nan, math.nan, board.actions, "clip") for name, value in values.items()
    }


def _likeliest(views: list[Chances]) -> dict[str, str]:
    together: dict[str, dict[str, float]] = {}
    for name, classes in views[0].items():
        together[name] = {value: sum(view[name][value] for view in views) for value in classes}
    return {name: max(chances, key=lambda value: chances[value]) for name, chances in together.items()}


def _spelled(labels: dict[str, str]) -> dict[str, Fact]:
    """As the dataset's annotations have it: offence and severity apart."""
    out: dict[str, Fact] = {}
    if "action_class" in labels:
        out["action_class"] = labels["action_class"]
    if severity := labels.get("severity"):
        out["offence"] = "no_offence" if severity == "no_offence" else "offence"
        if severity != "no_offence":
            out["severity"] = float(severity)
    return out
