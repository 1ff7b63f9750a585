"""The same inputs give byte-identical decision records, in any folder, process, time zone and hash order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
PROGRAM = """
from datetime import UTC, date, datetime
from pathlib import Path
import numpy as np
from raasid.registry.records import MetricValue
from raasid.stats.bootstrap import Estimate
from raasid.stats.drift import detect
from raasid.triggers.slots import decide_calendar
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.drift import decide_drift
from raasid.triggers.new_scenarios import TagCount, decide_new_scenarios
from raasid.triggers.performance import decide_performance
from raasid.triggers.rule_change import decide_rule_change
from raasid.triggers.schedule import default_schedule
from raasid.triggers.slots import next_slot, slot_text

context, pose, ball = default_schedule().entries
now, champion, inputs = datetime(2024, 7, 3, 5, tzinfo=UTC), "v20240601.1", {"data": "a" * 64}
slot = slot_text(next_slot(now, ball.cadence))
rng = np.random.default_rng(0)
report = detect(
    rng.normal(1, size=(200, 4)), rng.normal(size=(600, 4)),
    matches=[f"n{k // 20}" for k in range(200)], reference_matches=[f"o{k // 20}" for k in range(600)],
)
measured = {"detection_rate": Estimate(0.8, 0.76, 0.84, 12, "match")}
registered = {"false_positives": MetricValue(value=0.2, low=0.1, high=0.3)}
tags = {tag: TagCount(9, 3) for tag in {"night", "snow", "rain", "fog", "day"}}
made = [
    decide_performance(ball, champion, measured, registered, inputs=inputs, slot=slot),
    decide_calendar(pose, champion, None, now, inputs=inputs),
    decide_drift(ball, champion, {"images": report}, slot, inputs=inputs),
    decide_new_scenarios("ball_model", champion, tags, {"day", "dusk"}, inputs=inputs),
    decide_rule_change("context_model", champion, "ifab_2021_22", now.date(), inputs=inputs),
]
for decision in made:
    DecisionStore(Path("decisions")).write(decision, now.date())
"""


def records(folder: Path, zone: str, seed: str) -> dict[str, bytes]:
    folder.mkdir()
    env = os.environ | {"PYTHONPATH": str(REPO), "TZ": zone, "PYTHONHASHSEED": seed, "HOME": str(folder)}
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=folder, env=env, check=True)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")}


def test_records_made_in_two_folders_are_byte_identical(tmp_path: Path) -> None:
    one = records(tmp_path / "one", "UTC", "1")
    other = records(tmp_path / "a folder elsewhere", "America/Los_Angeles", "2")

    assert len(one) == 5
    assert one == other
    assert all(b'"verdict":"fire"' in data and str(tmp_path).encode() not in data for data in one.values())
