"""The context baselines, evaluated by the real command on a small league."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from integration_runs import RunCli, only_run

LEAGUE = (
    "data=synthetic_touches",
    "data.matches=4",
    "data.val_matches=1",
    "data.test_matches=2",
    "data.clips_per_match=2",
    "data.scenario_frames=10",
    "data.tracks.source=truth",
)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the league is rendered, once for all tests here."""
    return tmp_path_factory.mktemp("pictures")


@pytest.mark.parametrize("model", ["context_majority", "context_geometry"])
def test_a_baseline_is_evaluated_by_one_command(
    call_cli: RunCli, footage: Path, tmp_path: Path, model: str
) -> None:
    done = call_cli("evaluate", f"model={model}", *LEAGUE, f"paths.data={footage}")
    assert done.returncode == 0, done.stderr
    named = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    metrics = named[: named.index("run")]
    assert metrics[-5:] == ["macro_precision", "macro_recall", "macro_f1", "ece", "accuracy"]
    assert "4 held-out clips of 2 matches" in done.stdout
    assert "by ifab_2025_26, truth tracks" in done.stdout
    run = only_run(tmp_path, "evaluate")
    written = json.loads((run / "metrics.json").read_text())
    assert written["task"] == "context"
    assert 0 <= written["estimates"]["accuracy"]["value"] <= 1
    assert sum(n for row in written["confusion"].values() for n in row.values()) == 4
    assert "<h2>Errors</h2>" in (run / "report.html").read_text()


def test_a_context_model_refuses_a_threshold(call_cli: RunCli, footage: Path) -> None:
    done = call_cli("evaluate", "model=context_majority", *LEAGUE, f"paths.data={footage}", "threshold=0.4")
    assert done.returncode == 2
    assert "threshold" in done.stderr
    assert "Traceback" not in done.stderr
