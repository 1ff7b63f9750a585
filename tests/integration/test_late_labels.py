"""The performance trigger on footage whose labels are missing, arrive late, or are of another dataset."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ball_season import LEAGUE, NET, PERFORMANCE, at
from in_process import call_raasid
from tiny_models import TINY, registered

from raasid.footage.records import Clip, Footage
from raasid.footage.store import DatasetStore
from raasid.laws.edition_lookup import shipped_editions
from raasid.models.context.calibration import Calibration
from raasid.registry.registry import Registry
from raasid.synthetic.generate import labelled_clips
from raasid.synthetic.league import League

CHECK = (
    "check", "data=store", "+data.tracks.source=truth", "models=[context_model]",
    "trigger.kinds=[performance]", "trigger.performance.min_matches=2",
)  # fmt: skip


def unlabelled(clip: Clip) -> Clip:
    return replace(clip, facts={}, contact=None, ruling=None)


def answers_everything(model: Any) -> None:
    TINY["context_transformer"].keep(model)
    unsure = dict.fromkeys(shipped_editions(), 5.0)
    model.calibration = Calibration(model.calibration.fact_temperatures, unsure, min_confidence=0.5)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A context champion, a week of touches without labels, and the same week with them."""
    root = tmp_path_factory.mktemp("late_labels")
    registry = Registry(root / "registry")
    version = registered(registry, TINY["context_transformer"]._replace(keep=answers_everything))
    registry.set_alias("context_model", "champion", version, "the first")
    league = League(
        matches=4, clips_per_match=4, frames_per_clip=20, stride=1, size=(640, 360), scenario_share=1.0,
        scenario_frames=20, scenario_ball_px=20.0,
    )  # fmt: skip
    clips = labelled_clips(league, root / "data")
    store = DatasetStore(root / "store")
    store.add("week", Footage([unlabelled(clip) for clip in clips]), made_by="a test")
    store.add("week_labels", Footage(clips), made_by="a test")
    return root


def decide(season: Path, *words: str, as_of: str = "2026-03-01T00:00+00:00") -> dict[str, Any]:
    done = call_raasid(*CHECK, *words, f"trigger.as_of={as_of}", "--json", f"paths.root={season}")
    assert done.returncode == 0, done.stderr
    (model,) = json.loads(done.stdout.splitlines()[-1])["models"]
    (decision,) = model["decisions"]
    record: dict[str, Any] = json.loads(Path(decision["file"]).read_text())
    assert record["verdict"] == decision["verdict"]
    return record


def estimated(record: dict[str, Any]) -> dict[str, Any]:
    (row,) = [row for row in record["evidence"] if row.get("estimated")]
    return row


def test_without_labels_the_accuracy_is_estimated_and_nothing_follows_from_it(season: Path) -> None:
    record = decide(season, "data.dataset=week")

    assert record["verdict"] == "cannot_tell"
    assert (
        "the data hold no labels for it. Estimated without labels, accuracy_answered is" in record["reason"]
    )
    row = estimated(record)
    assert (row["n"], row["unit"], row["coverage"]) == (4, "match", 1.0)
    assert 0.5 <= row["value"] < 0.9
    assert row["low"] < row["value"] < row["high"]


def test_labels_that_arrive_later_decide_and_are_compared_with_the_estimate(season: Path) -> None:
    early = decide(season, "data.dataset=week")
    late = decide(season, "data.dataset=week", "trigger.data=week_labels")

    assert late["verdict"] in ("fire", "cannot_tell", "hold")
    assert late["evidence"][0]["verdict"] in ("below", "straddles", "above")
    assert late["inputs"]["labels"] != early["inputs"]["labels"]
    row = estimated(late)
    assert row["value"] == pytest.approx(estimated(early)["value"]), "the same clips, seen by the same model"
    assert set(row["measured"]) == {"value", "low", "high"}
    assert row["verdict"] in ("agrees", "too_high", "too_low")


def test_an_estimate_ends_where_another_law_is_in_force(season: Path) -> None:
    record = decide(season, "data.dataset=week", as_of="2019-12-01T00:00+00:00")

    assert record["verdict"] == "cannot_tell"
    assert record["reason"].endswith(
        "its probabilities are those of ifab_2025_26, and ifab_2019_20 is in force."
    )


def test_acting_on_an_estimate_has_to_be_asked_for(season: Path, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: weekly, trigger_threshold: 0.99, evaluation_metrics: [accuracy]}"
    schedule.write_text(f"models: {{context_model: {entry}}}\n")
    words = ("data.dataset=week", f"trigger.schedule={schedule}")

    assert decide(season, *words)["verdict"] == "cannot_tell"
    acted = decide(season, *words, "trigger.performance.label_free=act")
    assert (acted["verdict"], acted["action"], acted["statistics"]) == (
        "fire",
        "immediate",
        {"estimated": True},
    )
    off = decide(season, *words, "trigger.performance.label_free=off")
    assert off["verdict"] == "cannot_tell"
    assert off["reason"].endswith("the data hold no labels for it.")


def test_a_training_asks_its_trigger_about_other_data_than_it_trains_on(
    ball_season: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(ball_season, tmp_path / "root"))
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: monthly, trigger_threshold: 0.0, evaluation_metrics: [detection_rate]}"
    schedule.write_text(f"models: {{ball_model: {entry}}}\n")
    other = ("data.league_seed=5", "data.matches=6", "data.val_matches=1", "data.test_matches=4")
    late = call_raasid("import", *LEAGUE, *other, "name=late", f"paths.root={root}")
    assert late.returncode == 0, late.stderr

    words = ("trigger=performance", *PERFORMANCE, f"trigger.schedule={schedule}", "trigger.data=late")
    done = call_raasid("train", *LEAGUE, *NET, *words, *at(root, ball_season))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "verdict: nothing to do"
    (path,) = (root / "decisions" / "ball_model").glob("*.json")
    assert json.loads(path.read_text())["evidence"][0]["n"] == 4, "and not the 5 that would be trained with"
