"""The same inputs give the same decision records, byte by byte: of every trigger, with other threads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from ball_season import LEAGUE
from in_process import call_raasid
from tiny_trainings import PEOPLE, TOUCHES

from raasid.triggers.decision_record import Decision

WORDS = {
    "ball_model": (*LEAGUE, "data.league_seed=5", "data.shift=night", "data.shift_intensity=3"),
    "pose_model": PEOPLE,
    "context_model": TOUCHES,
}
"""Of each model, current footage; for the ball model, matches and a light that it does not know."""
FIRING = {
    "ball_model": {"performance", "drift", "new_scenarios", "calendar"},
    "pose_model": {"performance", "calendar"},
    "context_model": {"rule_change", "calendar"},
}


@pytest.mark.parametrize("model", WORDS)
def test_the_records_of_all_triggers_are_byte_identical_in_two_folders(
    model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    season: Path = request.getfixturevalue(f"{model.removesuffix('_model')}_season")
    data, threads = shutil.copytree(season / "data", tmp_path / "data"), torch.get_num_threads()
    made: list[dict[str, bytes]] = []
    for number in (1, 2):
        root = tmp_path / f"folder {number}"
        shutil.copytree(season / "registry", root / "registry")
        torch.set_num_threads(number)
        try:
            done = call_raasid(
                "check", *WORDS[model], f"models=[{model}]", "trigger=all",
                "trigger.performance.min_matches=3", "trigger.as_of=2026-10-07T04:00+00:00",
                f"paths.root={root}", f"paths.data={data}",
            )  # fmt: skip
        finally:
            torch.set_num_threads(threads)
        assert done.returncode == 0, done.stderr
        made.append({path.name: path.read_bytes() for path in (root / "decisions" / model).iterdir()})

    assert made[0] == made[1]
    decisions = [Decision.from_bytes(data) for data in made[0].values()]
    assert len(decisions) == 5
    fired = {each.trigger for each in decisions if each.verdict == "fire"}
    assert fired >= FIRING[model], {each.trigger: each.reason for each in decisions}
