"""What the gate refuses in real runs, and the rows that it fills for each task."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from made_once import made_once
from three_champions import GATE, NIGHT, make_three_champions, register, register_model, retrain_ball

from raasid.config.compose import compose
from raasid.deploy.options import GateOptions
from raasid.deploy.verdict import GateRow, GateVerdict
from raasid.footage.records import Footage
from raasid.footage.store import DatasetStore
from raasid.packaging.package import load
from raasid.pipeline.gate import judge_challenger
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.names import Version
from raasid.registry.registry import Registry


@pytest.fixture(scope="session")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "three_champions", make_three_champions)


@pytest.fixture
def root(season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(season, tmp_path / "root"))


def verdict_of(root: Path) -> dict[str, Any]:
    (file,) = (root / "retrainings").rglob("gate.json")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_a_ball_model_that_lost_the_night_is_refused_by_the_name_of_the_tag(root: Path) -> None:
    """Its training data lack the labels of the balls at night."""
    old = Registry(root / "registry").resolve("ball_model", "champion")
    margins = ("deploy.gate.margin=0.5", "deploy.gate.anchor_margin=0.5", "deploy.gate.tag_margin=0.1")
    done = retrain_ball(root, "unlabelled_night", *GATE, *margins, "deploy.gate.end_to_end=null")
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        f"error: refused by the gate: detection_rate on {NIGHT} falls from"
    )
    refusing = [row for row in verdict_of(root)["rows"] if not row["passes"]]
    assert {row["rule"] for row in refusing} == {"tag"}
    assert refusing[0]["tag"] == NIGHT
    assert Registry(root / "registry").resolve("ball_model", "champion") == old


def test_a_model_built_on_one_that_knows_the_test_matches_is_refused(root: Path) -> None:
    """The splits were drawn anew: what the champion was trained on is tested on."""
    store = DatasetStore(root / "store")
    known = store.find("season").footage()
    splits = {"train": known.splits["test"], "val": known.splits["val"], "test": known.splits["train"]}
    store.add("redrawn", Footage(known.clips, splits), made_by="a test", link_media=True)
    short = ("trainer.max_epochs=1", "trainer.limit_train_batches=1", "trainer.check_val_every_n_epoch=1")
    done = retrain_ball(root, "redrawn", *GATE, train=short)
    assert done.returncode == 3, done.stderr
    champion = Registry(root / "registry").resolve("ball_model", "champion")
    reason = (
        f"the test set holds matches that were trained on: synthetic-5-0 (train of the ball_model {champion})"
    )
    assert f"refused by the gate: {reason}" in done.stderr.splitlines()[-1]


def judge(root: Path, name: str, challenger: Version, dataset: str) -> GateVerdict:
    """Let the gate compare a version with the champion."""
    cfg = compose("check", CheckConfig, ["data=store", f"data.dataset={dataset}", f"paths.root={root}"])
    champion = VersionRef(name, Registry(root / "registry").resolve(name, "champion"))
    version = VersionRef(name, challenger)
    options = GateOptions(min_matches=2)
    return judge_challenger(cfg, cfg.data, options, champion, version, [], root / "gate", "a test")


def rows(verdict: GateVerdict) -> dict[tuple[str, str], GateRow]:
    return {(row.rule, row.tag or row.metric): row for row in verdict.rows}


def test_the_ball_model_may_know_no_match_of_the_whole_clips_either(root: Path) -> None:
    champion = load("ball_model", root=root / "registry")
    match = DatasetStore(root / "store").find("touches").footage().clips[0].match
    challenger = register_model(root, champion.module, dict(champion.manifest.config), [match])
    verdict = judge(root, "ball_model", challenger, "season")
    assert not verdict.passed
    assert (
        f"the test set holds matches that were trained on: {match} (train of the challenger)"
        in verdict.reason
    )
    found = rows(verdict)
    assert found["end to end", "accuracy"].finding == "no worse", "it is the same model"
    assert found["limit", "false_positives_per_minute"].finding == "met"
    assert {"ece", "season_flips"} <= {row.metric for row in verdict.rows if row.rule == "end to end, limit"}


def test_a_pose_model_is_timed_as_the_champion_is_and_judged_through_the_context_model(root: Path) -> None:
    champion = load("pose_model", root=root / "registry")
    same = register_model(root, champion.module, dict(champion.manifest.config))
    found = rows(judge(root, "pose_model", same, "touches"))
    time = found["limit", "latency_p95"]
    assert time.finding in ("met", "not met")
    assert min(time.champion, time.challenger) > 0
    assert "milliseconds" in time.note
    assert found["end to end", "accuracy"].finding == "no worse"
    assert found["end to end", "accuracy"].matches == 6


def test_a_context_model_is_judged_by_calibration_and_season_flips(root: Path) -> None:
    rule = ("model=context_geometry", "model.margin=0.01", "model.angle_deg=80")
    found = rows(judge(root, "context_model", register(root, "context", *rule), "touches"))
    for metric in ("ece", "season_flips"):
        assert found["limit", metric].finding != "skipped"
        assert found["limit", metric].matches >= 2
    assert not [rule for rule, _ in found if rule.startswith("end to end")]
