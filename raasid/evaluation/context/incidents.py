"""SoccerNet-MVFoul's figures of what a context model says about incidents, all cameras of one together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from raasid.data.context.clip_ref import ClipRef
from raasid.data.records import Fact
from raasid.evaluation.context.mvfoul import leaderboard
from raasid.evaluation.intervals import Estimate
from raasid.models.context.clip_judgement import ClipJudgement

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
