"""`make demo` in its smallest form: the story that it tells is the one that is on the disk."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_store import DecisionStore


def play(folder: Path, repo: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "examples.season", "--smallest", str(folder)]
    return subprocess.run(command, cwd=repo, capture_output=True, text=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "season"
    done = play(folder, repo)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"season  {folder / 'season.html'}"
    return folder


def test_night_matches_fire_and_the_verdict_of_the_gate_decides_about_the_champion(root: Path) -> None:
    registry = Registry(root / "registry")
    assert fsck(registry) == []
    (done,) = ClaimStore(root / "retrainings").history("ball_model")
    (decision,) = (
        stored.decision
        for stored in DecisionStore(root / "decisions").newest_first("ball_model")
        if stored.decision.digest == done.decision
    )
    assert (decision.verdict, decision.action, decision.champion) == ("fire", "immediate", done.champion)
    verdict = json.loads((gate_file := next((root / "retrainings").rglob("gate.json"))).read_text())
    assert gate_file.parent.name == done.decision[:12]
    assert verdict["test_matches"] == 6
    assert {row["tag"] for row in verdict["rows"]} >= {"day", "night"}
    assert done.promoted == verdict["passed"]
    champion = str(registry.alias("ball_model", "champion"))
    assert champion == (done.version if done.promoted else done.champion)
    lineage = registry.versions("ball_model").manifest(registry.resolve("ball_model", "latest")).lineage
    assert "init_from" in lineage["inputs"], "it starts from the champion"


def test_the_page_tells_it_and_needs_nothing_else(root: Path) -> None:
    page = (root / "season.html").read_text()
    (done,) = ClaimStore(root / "retrainings").history("ball_model")
    gate = json.loads(next((root / "retrainings").rglob("gate.json")).read_text())
    versions = str(done.champion), str(done.version)
    for told in ("weak floodlights arrive", "fires: it asks for a retraining", *versions):
        assert told in page
    assert f"The gate: {'passed' if gate['passed'] else 'refused'}" in page
    assert [url for url in re.findall(r'(?:src|href)="([^"]*)"', page) if not url.startswith("data:")] == []


def test_no_other_folder_is_overwritten(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "logs").mkdir()
    done = play(tmp_path, repo)
    assert (done.returncode, [path.name for path in tmp_path.iterdir()]) == (2, ["logs"])
    assert "holds something else than a season" in done.stderr
