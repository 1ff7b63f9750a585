"""Ball models are judged by the decisions that follow; a new one re-opens the context model's check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from in_process import call_raasid
from made_once import made_once
from three_champions import GATE, make_three_champions, register_model, retrain_ball

from raasid.packaging.package import load
from raasid.registry.registry import Registry


@pytest.fixture(scope="session")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "three_champions", make_three_champions)


@pytest.fixture
def root(season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(season, tmp_path / "root"))


def test_a_ball_model_that_is_better_on_its_own_and_worse_for_decisions_is_refused(root: Path) -> None:
    """Its training data lack the labels of the balls at night, and all touches are at night."""
    old = Registry(root / "registry").resolve("ball_model", "champion")
    done = retrain_ball(root, "unlabelled", *GATE)
    assert done.returncode == 3, done.stderr
    (file,) = (root / "retrainings").rglob("gate.json")
    rows = json.loads(file.read_text())["rows"]
    own, decisions = (next(row for row in rows if row["rule"] == rule) for rule in ("overall", "end to end"))
    assert own["passes"]
    assert own["challenger"] > own["champion"]
    assert (decisions["metric"], decisions["finding"], decisions["passes"]) == ("accuracy", "worse", False)
    where = [row["tag"] for row in rows if row["rule"] == "end to end, tag" and not row["passes"]]
    assert set(where) & {"first_half", "second_half"}
    refused = "refused by the gate: accuracy of decisions on whole clips falls from"
    assert done.stderr.splitlines()[-1].startswith(f"error: {refused}")
    table = done.stdout.splitlines()
    assert any(line.startswith("end to end ") and "worse: refused" in line for line in table)
    assert any(line.startswith("end to end, tag") and where[0] in line for line in table)
    assert Registry(root / "registry").resolve("ball_model", "champion") == old


def check_context(root: Path) -> dict[str, bytes]:
    """Check the context champion; return all decision records so far."""
    done = call_raasid(
        "check", "models=[context_model]", "trigger=performance", "data=store", "data.dataset=touches",
        "trigger.performance.min_matches=2", f"paths.root={root}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in (root / "decisions" / "context_model").rglob("*.json")}


def test_a_new_ball_champion_opens_the_check_of_the_context_model_again(root: Path) -> None:
    first = check_context(root)
    assert check_context(root) == first, "the same inputs, the same bytes"
    (record,) = first.values()
    before = json.loads(record)["inputs"]
    assert {"ball", "pose"} < before.keys()

    registry = Registry(root / "registry")
    champion = load("ball_model", root=root / "registry")
    champion.module.operating_threshold = 0.999  # type: ignore[assignment]
    blind = register_model(root, champion.module, dict(champion.manifest.config))
    registry.set_alias("ball_model", "champion", blind, "it finds nothing")
    second = check_context(root)
    (new,) = (json.loads(content) for name, content in second.items() if name not in first)
    assert new["inputs"]["ball"] != before["ball"]
    assert {**new["inputs"], "ball": ""} == {**before, "ball": ""}
    assert "accuracy of context_model" in new["reason"]
    assert new["evidence"] != json.loads(record)["evidence"], (
        "it is measured on the tracks of the new champion"
    )
