"""`trigger=drift`: night matches fire it, other matches do not; its retraining waits for the slot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ball_season import FREE, GATE, LEAGUE, LONGER, NET, at, champion, make_champion, versions
from in_process import call_raasid

from raasid.monitoring.reference_profile import PROFILE, ReferenceProfile
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

OTHER = (
    "data=synthetic_tiny", "data.league_seed=5", "data.matches=12", "data.val_matches=2",
    "data.test_matches=6", "data.clips_per_match=2", "data.frames_per_clip=3",
)  # fmt: skip
"""Other matches of the league that the champion knows."""
NIGHT = (*OTHER, "data.shift=night", "data.shift_intensity=3")
SNOW = (*OTHER, "data.shift=snow", "data.shift_intensity=3")
DRIFT = ("models=[ball_model]", "trigger=drift")
BEFORE, IN_SLOT = (f"trigger.as_of={day}T04:00+00:00" for day in ("2026-11-15", "2026-12-01"))


@pytest.fixture(scope="module")
def season(ball_season: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose champion has learned something; the leagues of this file are rendered into it once."""
    root = tmp_path_factory.mktemp("drift") / "root"
    shutil.copytree(ball_season / "data", root / "data")
    make_champion(root, "ball_model", *LEAGUE, *NET, LONGER)
    return root


@pytest.fixture
def root(season: Path, tmp_path: Path) -> Path:
    leave_out = shutil.ignore_patterns("data", "logs", "decisions", "retrainings")
    return Path(shutil.copytree(season, tmp_path / "root", ignore=leave_out))


def records(root: Path) -> list[dict[str, Any]]:
    paths = sorted((root / "decisions" / "ball_model").glob("*-drift-*.json"))
    return [json.loads(path.read_bytes()) for path in paths]


def check(root: Path, season: Path, *words: str) -> dict[str, Any]:
    done = call_raasid("check", *DRIFT, *words, *at(root, season))
    assert done.returncode == 0, done.stderr
    (record,) = records(root)
    return record


def test_night_matches_ask_for_a_retraining_at_the_next_slot(root: Path, season: Path) -> None:
    record = check(root, season, *NIGHT, BEFORE)

    assert (record["verdict"], record["action"]) == ("fire", "scheduled")
    assert record["slot"] == "2026-12-01T03:00Z"
    assert "(brightness by " in record["reason"]
    assert "By light: " in record["reason"]
    brightness = next(row for row in record["evidence"] if row["feature"] == "brightness")
    assert brightness["verdict"] == "drift"
    assert brightness["effect"] > 1
    assert record["statistics"]["footage"]["units"] == 12
    assert record["statistics"]["footage"]["reference_units"] == 12
    assert record["statistics"]["predictions"]["reference_units"] == 5, "matches held out for the test"
    assert record["statistics"]["embedding"]["reference_units"] == 5
    assert next(row for row in record["evidence"] if row["feature"] == "embedding")["verdict"] == "drift"
    assert set(record["inputs"]) == {"champion", "images", "labels", "media", "profile"}


def test_the_page_of_a_check_shows_both_sides_and_says_what_drifts(root: Path, season: Path) -> None:
    done = call_raasid("check", *DRIFT, *NIGHT, BEFORE, *at(root, season))
    (line,) = [line for line in done.stdout.splitlines() if line.endswith("drift.html")]
    path = Path(line.removeprefix("ball_model, drift: "))
    assert path.is_relative_to(root / "logs" / "check")
    page = path.read_text()
    answer = page.split("</header>")[0]
    assert "<b>Drift.</b> The current footage differs" in answer
    assert "brightness" in answer
    assert "By light: " in answer
    now, before = page.split("<h3>Before")
    assert now.count("data:image/jpeg") == before.count("data:image/jpeg") == 4
    assert "shift_night_3" in now
    assert "what the model sees in it" in before, "the embedding is one of the features"
    assert len(page) < 1_000_000


def test_snow_is_a_new_scenario_by_its_look_and_other_matches_are_none(root: Path, season: Path) -> None:
    found = {}
    for name, words in (("snow", SNOW), ("other", OTHER)):
        folder = root / name
        done = call_raasid(
            "check", "models=[ball_model]", "trigger=new_scenarios", *words,
            BEFORE, *at(root, season), f"paths.decisions={folder}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (path,) = folder.rglob("*-new_scenarios-*.json")
        found[name] = json.loads(path.read_bytes())
    far, near = (record["evidence"][-1] for record in found.values())
    assert (far["embedding"], far["enough"], near["enough"]) == ("far", True, False)
    assert far["examples"][0]["clip"].startswith("synthetic-5-")
    assert far["p"] < 0.05
    assert (found["snow"]["verdict"], found["other"]["verdict"]) == ("fire", "hold")
    assert "such as synthetic-5-" in found["snow"]["reason"]


def test_the_same_footage_gives_the_same_bytes_in_every_folder(
    root: Path, season: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(root, tmp_path / "another_root"))
    for folder in (root, other):
        check(folder, season, *NIGHT, BEFORE)
    (one,), (two,) = ((folder / "decisions").rglob("*.json") for folder in (root, other))
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_other_matches_of_the_same_league_do_not_drift(root: Path, season: Path) -> None:
    record = check(root, season, *OTHER)
    assert record["verdict"] == "hold", record["reason"]
    assert {row["verdict"] for row in record["evidence"]} == {"no_drift"}


def test_footage_without_labels_is_compared_as_well(root: Path, season: Path) -> None:
    record = check(root, season, *NIGHT, "data.missing_balls=1.0")
    assert record["verdict"] == "fire"
    assert set(record["statistics"]) >= {"footage", "predictions"}


def test_too_few_matches_are_no_verdict_and_the_missing_ones_are_counted(root: Path, season: Path) -> None:
    few = ("data.league_seed=6", "data.matches=2", "data.val_matches=0", "data.test_matches=1")
    record = check(root, season, *OTHER, *few)
    assert record["verdict"] == "cannot_tell"
    assert "footage: too few matches: 2 current and 12 reference matches" in record["reason"]
    assert "current matches that are still needed: 2;" in record["reason"]


def test_matches_that_the_champion_knows_are_no_new_footage(root: Path, season: Path) -> None:
    record = check(root, season, *OTHER, "data.league_seed=0")
    assert record["verdict"] == "cannot_tell"
    assert record["reason"].endswith(
        "12 matches are left out, because the champion knows them. There is no footage of other matches."
    )


def test_a_version_without_a_profile_says_how_to_get_one(root: Path, season: Path) -> None:
    registry = Registry(root / "registry")
    old = registry.resolve("ball_model", "champion")
    manifest = registry.versions("ball_model").manifest(old)
    files: dict[str, Path | bytes] = {
        name: registry.read("ball_model", old, name) for name in manifest.files if name != PROFILE
    }
    new = registry.register(
        "ball_model", files, model=manifest.model, config=manifest.config, lineage=manifest.lineage
    )
    registry.set_alias("ball_model", "champion", new, "as an earlier program registered it")

    record = check(root, season, *OTHER)
    assert record["verdict"] == "cannot_tell"
    assert "no profile of its training data: train it again" in record["reason"]


def test_a_version_keeps_the_profile_of_all_its_matches(root: Path) -> None:
    registry = Registry(root / "registry")
    content = registry.read("ball_model", registry.resolve("ball_model", "champion"), PROFILE)
    profile = ReferenceProfile.from_json(content, "ball_model")
    assert len(profile.parts["footage"].matches) == 12
    assert len(profile.parts["predictions"].matches) == 5
    assert set(profile.slices["light"]) == set(profile.parts["footage"].matches)
    assert profile.embedding is not None
    assert profile.embedding.matches == profile.parts["predictions"].matches
    assert profile.to_json() == content


def test_a_scheduled_retraining_waits_for_its_slot_and_answers_the_record(root: Path, season: Path) -> None:
    train = ", ".join(f"'{word}'" for word in (*NIGHT, *NET, LONGER))
    asked = f"retrain.train={{ball_model: [{train}]}}"
    words = ("retrain", *DRIFT, *NIGHT, *GATE, *FREE, asked, *at(root, season))
    old = champion(root)

    early = call_raasid(*words, BEFORE)
    assert early.returncode == 0, early.stderr
    assert early.stdout.splitlines()[-1] == "verdict: retrain ball_model (scheduled)"
    assert (champion(root), versions(root)) == (old, 1)
    (pending,) = (root / "decisions" / "ball_model").glob("*-drift-*.json")

    done = call_raasid(*words, IN_SLOT)
    assert done.returncode == 0, done.stderr
    assert champion(root) != old
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert past.decision.startswith(pending.stem.rpartition("-")[2]), "of the first record, not of a new one"
    assert (past.trigger, past.action, past.promoted) == ("drift", "scheduled", True)


def test_a_training_with_the_trigger_does_not_wait(root: Path, season: Path) -> None:
    old = champion(root)
    words = ("train", *NET, LONGER, "trigger=drift", "deploy=local", *GATE, *FREE, BEFORE, *at(root, season))

    done = call_raasid(*words, *NIGHT)
    assert done.returncode == 0, done.stderr
    assert champion(root) != old
    (record,) = records(root)
    assert (record["verdict"], record["slot"]) == ("fire", "2026-12-01T03:00Z")
