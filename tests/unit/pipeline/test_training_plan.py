"""What a retraining trains on, by the action that was decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filmed_matches import film, footage

from raasid.config.compose import compose
from raasid.datasets.source_configs import StoreDataConfig
from raasid.footage.records import Clip
from raasid.footage.store import DatasetStore
from raasid.laws.edition import Ruling
from raasid.pipeline.training_plan import SituationNotTrained, plan_training
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.registry import Registry
from raasid.tasks import TaskName
from raasid.triggers.decision_record import Decision
from raasid.triggers.journal import Journal
from raasid.triggers.options import IncrementalOptions

ARM = {"segment": "hand", "goalkeeper": False, "in_own_area": False, "deliberate": False, "bigger": False}
ARM |= {"above_shoulder": False, "own_deflection": False, "close_range": False, "falling_support": False}
ASSIST = ARM | {"scored": "no", "chance": "no", "team_mate": "chance", "denied": "nothing"}
"""An accidental touch before a team-mate's chance: an offence until the edition of 2021/22."""


class Plan:
    """A root with a store, and the plans that are made there."""

    def __init__(self, root: Path) -> None:
        self.root, self.store = root, DatasetStore(root / "store")
        self.folder = root / "retrainings" / "a_model" / "runs" / "d"

    def training(self, task: str, *words: str) -> TrainConfig:
        return compose("train", TrainConfig, [f"experiment={task}", f"paths.root={self.root}", *words])

    def of(
        self, training: TrainConfig, task: TaskName, champion: VersionRef | None = None, **fields: Any
    ) -> TrainConfig:
        decision = Decision(
            model=f"{task}_model", champion="v20261123.1", verdict="fire", reason="It has to be.", **fields
        )
        journal = Journal(self.folder)
        return plan_training(training, decision, task, champion, IncrementalOptions(), self.folder, journal)

    def journal(self) -> list[str]:
        return [line["what"] for line in Journal(self.folder).lines("plan")]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path)


def ruled(clips: list[Clip], edition: str | None, decision: Any = "offence", **facts: Any) -> list[Clip]:
    return [replace(clip, ruling=Ruling(decision, edition=edition), facts=facts) for clip in clips]


@pytest.mark.parametrize("action", ["immediate", "scheduled"])
def test_other_actions_train_as_configured(action: str, plan: Plan) -> None:
    training = plan.training("context")
    planned = plan.of(training, "context", trigger="performance", action=action, edition="ifab_2021_22")
    assert planned == training
    assert not plan.folder.exists()


@pytest.mark.parametrize(
    ("task", "expected"), [("context", "ifab_2021_22"), ("ball", "ifab_2025_26"), ("pose", "ifab_2025_26")]
)
def test_a_change_of_the_laws_trains_the_context_model_for_the_edition_in_force(
    task: TaskName, expected: str, plan: Plan
) -> None:
    planned = plan.of(plan.training(task), task, trigger="rule_change", action="full", edition="ifab_2021_22")
    assert planned.data.tracks.edition == expected
    assert planned.data.format == "synthetic", "a league has facts, which need no relabelling"


def test_rulings_that_are_stored_are_derived_anew_and_outdated_ones_are_left_out(plan: Plan) -> None:
    folder, old = plan.root / "filmed", "ifab_2020_21"
    clips = [
        *ruled(film(folder, "by facts", clips=1), old, **ASSIST),
        *ruled(film(folder, "open", clips=1), old, segment="hand"),
        *ruled(film(folder, "old referee", clips=1), old),
        *ruled(film(folder, "same law", clips=1), "ifab_2021_22", "no_offence"),
        *ruled(film(folder, "referee", clips=1), None),
    ]
    source = plan.store.add("cup", footage(train=clips), made_by="a test")
    training = plan.training("context", "data=store", "data.dataset=cup", "data.league=null")
    asked = {"trigger": "rule_change", "action": "full", "edition": "ifab_2021_22"}
    planned = plan.of(training, "context", **asked)
    assert isinstance(planned.data, StoreDataConfig)
    version = plan.store.find(planned.data.dataset)
    assert version.manifest["parents"] == [source.digest]
    decisions = {clip.match: clip.ruling and clip.ruling.decision for clip in version.clips()}
    assert decisions == {
        "by facts": "no_offence",
        "open": None,
        "old referee": None,
        "same law": "no_offence",
        "referee": "offence",
    }
    assert planned.data.tracks.edition == "ifab_2021_22"
    assert planned.data.model_copy(update={"dataset": "cup"}) == training.data.model_copy(
        update={"tracks": planned.data.tracks}
    )
    (told,) = plan.journal()
    assert "the facts of 1 clips decide by ifab_2021_22; 1 decisions are reversed" in told
    assert "1 clips have no ruling, because their facts allow both decisions" in told
    assert "1 clips without facts have lost the ruling of an edition that rules otherwise" in told
    assert "1 clips keep a ruling that names no edition" in told


def with_champion(plan: Plan) -> VersionRef:
    old = plan.store.add(
        "old",
        footage(
            train=film(plan.root / "a", "day", "day"),
            val=film(plan.root / "a", "v"),
            test=film(plan.root / "a", "t"),
        ),
        made_by="a test",
    )
    config = StoreDataConfig(dataset="old", root=plan.root / "store")
    version = Registry(plan.root / "registry").register(
        "ball_model",
        {"card.json": b"{}"},
        config={"data": config.model_dump(mode="json", by_alias=True), "seed": 1},
        metrics={},
        lineage={"data": {"dataset": old.ref, "dataset_sha256": old.digest}},
        reason="a test",
    )
    return VersionRef("ball_model", version)


def snow(plan: Plan, *tags: str) -> TrainConfig:
    films = {split: film(plan.root / "a", f"snow {split}", *tags) for split in ("train", "val", "test")}
    plan.store.add("snow", footage(**films), made_by="a test")
    return plan.training("ball", "data=store", "data.dataset=snow", "data.crop=96", "optimizer.lr=0.01")


NEW_TAG: dict[str, Any] = {
    "trigger": "new_scenarios",
    "action": "incremental",
    "evidence": [{"tag": "snow", "clips": 6, "matches": 3, "enough": True}],
}


def test_an_incremental_training_is_on_one_joined_version_at_a_lower_rate(plan: Plan) -> None:
    training = snow(plan, "snow")
    planned = plan.of(training, "ball", with_champion(plan), **NEW_TAG)
    assert isinstance(planned.data, StoreDataConfig)
    joined = plan.store.find(planned.data.dataset)
    assert {clip.match for clip in joined.clips()} >= {"day", "t", "snow train", "snow test"}
    assert planned.optimizer.lr == pytest.approx(0.003)
    same = {"dataset": "snow", "root": training.data.root}
    assert planned.data.model_copy(update=same) == training.data, "everything else as configured"
    assert "2 new training clips, and 2 of the 2 that ball_model v" in plan.journal()[0]


def test_a_later_process_finds_the_joined_version_and_needs_the_footage_no_more(plan: Plan) -> None:
    training, champion = snow(plan, "snow"), with_champion(plan)
    first = plan.of(training, "ball", champion, **NEW_TAG)
    for name in ("old", "snow"):
        folder = plan.store.find(name).folder
        folder.rename(folder.with_name(".away"))
    assert plan.of(training, "ball", champion, **NEW_TAG) == first
    assert len(plan.journal()) == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps({"dataset": "gone@0123456789ab"})])
def test_a_plan_that_is_of_no_use_is_made_again(content: str, plan: Plan) -> None:
    training, champion = snow(plan, "snow"), with_champion(plan)
    first = plan.of(training, "ball", champion, **NEW_TAG)
    (plan.folder / "plan.json").write_text(content)
    assert plan.of(training, "ball", champion, **NEW_TAG) == first


def test_footage_without_the_new_situation_is_refused(plan: Plan) -> None:
    with pytest.raises(SituationNotTrained, match="no training clip with the tag 'snow'"):
        plan.of(snow(plan), "ball", with_champion(plan), **NEW_TAG)


def test_a_situation_that_no_tag_names_needs_no_tag(plan: Plan) -> None:
    far = {"embedding": "far", "clips": 6, "matches": 3, "enough": True}
    asked = NEW_TAG | {"evidence": [far]}
    assert plan.of(snow(plan), "ball", with_champion(plan), **asked).data.format == "store"
