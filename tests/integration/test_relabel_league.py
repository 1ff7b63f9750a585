"""A change of wording over the synthetic league, whose facts are true by construction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from raasid.footage.records import Clip, Footage
from raasid.footage.relabel import relabel
from raasid.footage.store import DatasetStore
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League, ScenarioName

SCENARIOS: tuple[ScenarioName, ...] = (
    *("deliberate", "arm_tucked", "arm_out", "arm_justified", "above_shoulder", "close_range"),
    *("goal_by_team_mate", "goal_off_arm", "goal_denied", "shoulder", "near_miss", "chest", "goalkeeper"),
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[DatasetStore, Footage]:
    """A league of scripted clips, ruled by the Laws of 2020/21, from the store."""
    folder = tmp_path_factory.mktemp("league")
    league = League(
        matches=2,
        clips_per_match=18,
        scenario_share=1.0,
        scenarios=SCENARIOS,
        scenario_frames=4,
        size=(160, 96),
        seed=5,
    )
    ruled, _ = relabel(Footage(generate(league, folder)), "ifab_2020_21")
    store = DatasetStore(folder / "store")
    return store, store.add("league", ruled, made_by="a test").footage()


def shows(clip: Clip, scenario: str) -> bool:
    return f"scenario_{scenario}" in clip.tags


def unnatural(clip: Clip) -> bool:
    return bool(clip.facts["bigger"]) and not clip.facts["justified"]


def assisted(clip: Clip) -> bool:
    return shows(clip, "goal_by_team_mate")


def excused(clip: Clip) -> bool:
    return shows(clip, "arm_justified")


def from_close(clip: Clip) -> bool:
    return shows(clip, "close_range") and bool(clip.facts["bigger"])


FLIPS: dict[str, Callable[[Clip], bool]] = {
    "ifab_2020_21": lambda clip: False,
    "pl_2020_10": lambda clip: excused(clip) or from_close(clip),
    "ifab_2021_22": lambda clip: excused(clip) or (assisted(clip) and not unnatural(clip)),
    "ifab_2026_27": lambda clip: excused(clip) or (assisted(clip) and not unnatural(clip)),
}


@pytest.mark.parametrize("edition", FLIPS)
def test_a_rule_change_flips_exactly_the_affected_scenarios(
    stored: tuple[DatasetStore, Footage], edition: str
) -> None:
    _, footage = stored
    expected = {clip.id for clip in footage.clips if FLIPS[edition](clip)}
    new, change = relabel(footage, edition)

    assert set(change.flipped_ids) == expected
    assert bool(expected) == (edition != "ifab_2020_21")
    assert not [clip.id for clip in new.clips if clip.ruling is None or clip.ruling.abstained]


def test_the_2024_edition_lowers_the_card_for_every_accidentally_denied_goal(
    stored: tuple[DatasetStore, Footage],
) -> None:
    _, footage = stored
    _, change = relabel(relabel(footage, "ifab_2021_22")[0], "ifab_2024_25")
    softened = {one.clip for one in change.clips if one.changed}

    assert softened == {clip.id for clip in footage.clips if shows(clip, "goal_denied")} != set()
    assert {(one.old.sanction, one.new.sanction) for one in change.clips if one.changed and one.old} == {
        ("red", "yellow")
    }


def test_a_relabelled_league_shares_its_images_with_its_parent(
    stored: tuple[DatasetStore, Footage],
) -> None:
    store, footage = stored
    before = sorted((store.root / "objects").rglob("*"))
    parent = store.find("league")
    child = store.add(
        "league", relabel(footage, "ifab_2019_20")[0], made_by="a test", parents=[parent.digest]
    )

    assert sorted((store.root / "objects").rglob("*")) == before
    images = [Path(name) for name in child.manifest["files"] if name != "annotations.json"]
    assert images
    assert all((child.folder / p).stat().st_ino == (parent.folder / p).stat().st_ino for p in images)
