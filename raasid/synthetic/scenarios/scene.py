"""One scripted scene: attempts at a scenario are drawn until one shows what it promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from raasid.errors import RaasidError
from raasid.footage.records import Contact, Role
from raasid.laws.facts import ARM, Facts
from raasid.synthetic.actors import Cast
from raasid.synthetic.arrays import Floats
from raasid.synthetic.clothing import draw_outfit
from raasid.synthetic.league import ScenarioName
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.player_placement import MatchKits, actor_at
from raasid.synthetic.scenarios.attempt import SceneAttempt, attempt_scene
from raasid.synthetic.scenarios.fact_extraction import extract_facts
from raasid.synthetic.scenarios.registry import SCENARIOS
from raasid.synthetic.scenarios.script import AttemptFailed, Script
from raasid.synthetic.scenarios.surroundings import build_cast

_MAX_ATTEMPTS = 6000
_MOMENT = {"goal": 0.42, "mate_scores": 0.22, "scores_next": 0.22}
"""Position of the touch in the clip, 0 to 1, of scenes that continue after it."""


class ScenarioInfeasible(RaasidError):
    """No attempt at a scenario showed what it promises."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"scenario {name}: none of {_MAX_ATTEMPTS} attempts shows what it promises; the last one: {why}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The play of a scripted clip, and what is true of it."""

    play: Play
    facts: Facts
    contact: Contact | None
    """Its `frame` is an index in the clip."""
    attempt: SceneAttempt
    player: int
    """Index in the cast of the touched player, or of the one whom a near miss seems to touch."""
    moment: int
    """Frame of the touch, or of the moment in which the image seems to show one."""


def build_scene(rng: Generator, name: ScenarioName, kits: MatchKits, camera: Floats, times: Floats) -> Scene:
    """Build a scene of scenario `name` for frames at `times` (N,), seconds; camera: (3,) metres.

    Raises ScenarioInfeasible.
    """
    why = ""
    for _ in range(_MAX_ATTEMPTS):
        script = SCENARIOS[name].draw_script(rng)
        home = rng.random() < 0.5
        kit = (kits.keepers[0 if home else 1]) if script.keeper else kits.home if home else kits.away
        role: Role = "goalkeeper" if script.keeper else "player"
        player = actor_at(
            rng,
            np.zeros(2),
            draw_outfit(rng, kit, keeper=script.keeper),
            track=0,
            role=role,
            team="home" if home else "away",
        )
        moment = _moment(rng, script, len(times))
        end = float(times[-1])
        try:
            attempt = attempt_scene(
                rng, script, 1 if home else -1, player, camera, np.array([times[moment], end])
            )
            facts = extract_facts(attempt, camera, end)
        except AttemptFailed as reason:
            why = str(reason)
            continue
        actors, index = build_cast(rng, attempt, kits, camera, end)
        play = Play(f"scenario_{name}", Cast(actors, {index: attempt.animation}), attempt.ball, None)
        contact = None
        if script.miss_m == 0:
            assert facts.segment is not None
            sided = facts.segment in ARM | {"shoulder", "thigh", "shin", "foot"}
            side = ("left", "right")[attempt.side] if sided else "none"
            contact = Contact(moment, actors[index].track, side, facts.segment)  # type: ignore[arg-type]
        return Scene(play, facts, contact, attempt, index, moment)
    raise ScenarioInfeasible(name, why)


def _moment(rng: Generator, script: Script, frames: int) -> int:
    share = _MOMENT.get(script.ending, float(rng.uniform(0.48, 0.62)))
    return min(max(round(share * (frames - 1)), 1), max(frames - 2, 0))
