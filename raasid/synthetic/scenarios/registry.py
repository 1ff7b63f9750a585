"""The scenarios by name, and which of them a clip shows.

A new one is a function that draws a `Script`, a line here, and a name in `league.ScenarioName`.
"""

from __future__ import annotations

import numpy as np

from raasid.errors import UsageError
from raasid.synthetic.league import League, ScenarioName
from raasid.synthetic.scenarios import arm_scripts, other_scripts
from raasid.synthetic.scenarios.script import Scenario

SCENARIOS: dict[ScenarioName, Scenario] = {
    "deliberate": Scenario(arm_scripts.deliberate, offence=True),
    "arm_tucked": Scenario(arm_scripts.arm_tucked),
    "arm_out": Scenario(arm_scripts.arm_out, offence=True),
    "arm_justified": Scenario(arm_scripts.arm_justified),
    "above_shoulder": Scenario(arm_scripts.above_shoulder, offence=True),
    "close_range": Scenario(arm_scripts.close_range, offence=None),
    "own_deflection": Scenario(arm_scripts.own_deflection, offence=True),
    "falling_support": Scenario(arm_scripts.falling_support),
    "goalkeeper": Scenario(arm_scripts.goalkeeper),
    "goal_off_arm": Scenario(other_scripts.goal_off_arm, offence=True),
    "goal_after_touch": Scenario(other_scripts.goal_after_touch, offence=True),
    "goal_by_team_mate": Scenario(other_scripts.goal_by_team_mate, offence=None),
    "goal_denied": Scenario(other_scripts.goal_denied, offence=True),
    "shoulder": Scenario(other_scripts.shoulder),
    "chest": Scenario(other_scripts.chest),
    "thigh": Scenario(other_scripts.thigh),
    "head": Scenario(other_scripts.head),
    "foot": Scenario(other_scripts.foot),
    "near_miss": Scenario(other_scripts.near_miss, weight=4.0),
    "elbow_behind": Scenario(arm_scripts.elbow_behind, offence=True, training=False),
}
TRAINING = tuple(name for name, scenario in SCENARIOS.items() if scenario.training)
UNSEEN = tuple(name for name, scenario in SCENARIOS.items() if not scenario.training)


class PriorImpossible(UsageError):
    """A prior for scenarios that are all offences, or none of them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            "data.handball_prior: needs scenarios that are offences and scenarios that are none, "
            f"but data.scenarios has {', '.join(names)}"
        )


def scenario_probabilities(
    names: tuple[ScenarioName, ...], handball_prior: float | None
) -> dict[ScenarioName, float]:
    """Return the probability of each scenario; `names` empty: all that training may see.

    handball_prior: share of clips whose touch is an offence by the current wording of the Law; scenarios in
    which both occur are then excluded. None: each scenario by its own weight.

    Raises PriorImpossible.
    """
    chosen = names or TRAINING
    out = {name: SCENARIOS[name].weight for name in chosen}
    if handball_prior is not None:
        for offence, share in ((True, handball_prior), (False, 1 - handball_prior), (None, 0.0)):
            same = [name for name in chosen if SCENARIOS[name].offence is offence]
            total = sum(out[name] for name in same)
            if share > 0 and not same:
                raise PriorImpossible(chosen)
            out |= {name: share * out[name] / total for name in same}
    total = sum(out.values())
    return {name: weight / total for name, weight in out.items()}


def scenario_of(league: League, match: int, clip: int) -> ScenarioName | None:
    """Return the scenario that a clip of the league shows, None for open play. Raises PriorImpossible."""
    rng = np.random.default_rng([league.seed, match, clip, 2])
    scripted, unseen, position = rng.random(3).tolist()
    if scripted >= league.scenario_share:
        return None
    if unseen < league.unseen_share:
        return UNSEEN[int(position * len(UNSEEN))]
    probabilities = scenario_probabilities(league.scenarios, league.handball_prior)
    edges = np.cumsum(list(probabilities.values()))
    return list(probabilities)[int(np.searchsorted(edges, position))]


def num_frames(league: League, match: int, clip: int) -> int:
    """Return how many frames a clip of the league has."""
    return league.frames_per_clip if scenario_of(league, match, clip) is None else league.scenario_frames
