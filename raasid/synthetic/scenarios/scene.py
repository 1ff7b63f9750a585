"""One scripted scene, ready to be filmed.

Everybody else in a scripted scene: who plays the ball, and players who keep out of its way.
"""

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

_ATTEMPTS = 6000
_MOMENT = {"goal": 0.42, "mate_scores": 0.22, "scores_next": 0.22}
"""Where in the clip the touch is; scenes that go on after it have it early."""


class ScenarioInfeasible(RaasidError):
    """No attempt of a scenario came out as promised."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"scenario {name}: no attempt of {_ATTEMPTS} shows what it promises; the last one: {why}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What happens, and what is true of it."""

    play: Play
    facts: Facts
    contact: Contact | None
    """`frame` is the position in the clip."""
    attempt: SceneAttempt
    player: int
    """The touched player's place in the cast; in a near miss, whom the ball seems to touch."""
    moment: int
    """Position in the clip of the touch, or of the moment in which the image shows one."""


def build_scene(rng: Generator, name: ScenarioName, kits: MatchKits, camera: Floats, times: Floats) -> Scene:
    """Stage scenario `name` for frames at `times` (N,), seconds; camera: (3,) metres."""
    why = ""
    for _ in range(_ATTEMPTS):
        script = SCENARIOS[name].write(rng)
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
