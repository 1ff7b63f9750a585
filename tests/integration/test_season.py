"""`make demo` in its smallest form: the story that it tells is the one that is on the disk."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.retraining_history import Retraining

OTHERS = ("calendar", "bare_rule", "none")


def play(folder: Path, repo: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "examples.season", "--smallest", str(folder)]
    return subprocess.run(command, cwd=repo, capture_output=True, text=True)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> tuple[Path, list[str]]:
    """The folder of the season, and what was printed."""
    folder = tmp_path_factory.mktemp("demo") / "season"
    done = play(folder, repo)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert printed[-1] == f"season  {folder / 'season.html'}"
    return folder, printed


@pytest.fixture
def root(season: tuple[Path, list[str]]) -> Path:
    return season[0]


def retrainings(root: Path, model: str) -> Sequence[Retraining]:
    return ClaimStore(root / "retrainings").history(model)


def decision_of(root: Path, done: Retraining) -> Decision:
    stored = DecisionStore(root / "decisions").newest_first(done.model)
    return next(each.decision for each in stored if each.decision.digest == done.decision)


def gate_of(root: Path, done: Retraining) -> dict[str, object]:
    folder = root / "retrainings" / done.model / "runs" / done.decision[:12]
    return dict(json.loads((folder / "gate.json").read_text()))


def test_drift_asks_for_a_retraining_at_its_slot_and_snow_for_an_incremental_one(root: Path) -> None:
    night, snow = retrainings(root, "ball_model")
    drift, scenario = (decision_of(root, done) for done in (night, snow))
    assert (drift.trigger, drift.verdict, drift.action) == ("drift", "fire", "scheduled")
    assert drift.slot == f"{night.started[:13]}:00Z", "it waited for the slot"
    assert {row["feature"] for row in drift.evidence if row["verdict"] == "drift"} & {
        "brightness",
        "contrast",
        "light",
    }
    assert (scenario.trigger, scenario.action) == ("new_scenarios", "incremental")
    assert "snow" in {row.get("tag") for row in scenario.evidence}
    (plan,) = (root / "retrainings/ball_model/runs" / snow.decision[:12]).glob("plan.json")
    assert scenario.digest[:12] in plan.read_text(), "snow is joined with a replay of what was known"


def test_the_law_change_trains_the_context_model_in_full_on_labels_derived_anew(root: Path) -> None:
    (done,) = retrainings(root, "context_model")
    decision = decision_of(root, done)
    assert (decision.trigger, decision.action, decision.edition) == ("rule_change", "full", "ifab_2021_22")
    registry = Registry(root / "registry")
    lineage = registry.versions("context_model").manifest(registry.resolve("context_model", "latest")).lineage
    assert lineage["data"]["edition"] == "ifab_2021_22"
    assert "init_from" not in lineage["inputs"], "it starts from the beginning"


def test_the_gate_decides_about_every_champion(root: Path) -> None:
    registry = Registry(root / "registry")
    assert fsck(registry) == []
    for model in ("ball_model", "context_model"):
        champion = retrainings(root, model)[0].champion
        for done in retrainings(root, model):
            assert done.champion == champion
            assert done.promoted == gate_of(root, done)["passed"]
            champion = done.version if done.promoted else champion
        assert str(registry.alias(model, "champion")) == champion


def test_the_page_and_the_terminal_tell_it_and_need_nothing_else(season: tuple[Path, list[str]]) -> None:
    root, printed = season
    page = (root / "season.html").read_text()
    story = "\n".join(line for line in printed if line.startswith("week "))
    told = [
        "drift trigger fires",
        "scheduled retraining",
        "full retraining",
        "incremental retraining",
        "gate",
    ]
    told += [
        str(done.version) for model in ("ball_model", "context_model") for done in retrainings(root, model)
    ]
    for words in told:
        assert words in page
        assert words in story
    assert [url for url in re.findall(r'(?:src|href)="([^"]*)"', page) if not url.startswith("data:")] == []


def test_the_ledger_counts_what_every_policy_has_done(season: tuple[Path, list[str]]) -> None:
    root, printed = season
    done = [len(retrainings(root, "ball_model"))]
    done += [len(retrainings(root / "other_policies" / name, "ball_model")) for name in OTHERS]
    assert done[0] == 2
    assert done[1] == 3, "the calendar retrains on every Monday"
    assert done[3] == 0
    heads = ("this season", "the calendar alone", "the bare 10 % rule", "nothing")
    rows = [next(line for line in reversed(printed) if line.startswith(head)) for head in heads]
    counts = [re.search(r"  +(\d+)  ", row) for row in rows]
    assert [int(found[1]) for found in counts if found] == done


def test_no_other_folder_is_overwritten(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "logs").mkdir()
    done = play(tmp_path, repo)
    assert (done.returncode, [path.name for path in tmp_path.iterdir()]) == (2, ["logs"])
    assert "holds something else than a season" in done.stderr
