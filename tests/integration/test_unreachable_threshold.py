"""A threshold that no retraining reaches: a few attempts, one alert, then the model waits."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ball_season import at
from in_process import call_raasid
from soak import SOAK
from tiny_trainings import PEOPLE, POSE

from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.slots import next_slot

OTHER_MATCHES = "data.league_seed=7"
DAYS = range(22) if SOAK else (0, 1, 7, 8, 14, 15, 21)
"""On which the cron job runs: every day; in a quick test, when something can happen and the day after."""


def test_cron_jobs_of_three_weeks_train_a_few_times_alert_once_and_wait(
    pose_season: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(pose_season, tmp_path / "root", ignore=shutil.ignore_patterns("data")))
    registry, claims = Registry(root / "registry"), ClaimStore(root / "retrainings")
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: weekly, trigger_threshold: 0.95, evaluation_metrics: [mAP]}"
    schedule.write_text(f"models: {{pose_model: {entry}}}\n")
    train = ", ".join(f"'{word}'" for word in POSE)
    first = next_slot(datetime.now(UTC), "weekly") + timedelta(hours=1)

    def cron(day: float, *words: str, league: Sequence[str] = PEOPLE) -> list[str]:
        """What a night's call of the cron job prints."""
        done = call_raasid(
            "retrain", *league, "models=[pose_model]", f"retrain.train={{pose_model: [{train}]}}",
            "trigger=performance", f"trigger.schedule={schedule}", "trigger.performance.min_matches=3",
            f"trigger.as_of={(first + timedelta(days=day)).isoformat()}", *at(root, pose_season), *words,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
        return done.stdout.splitlines()

    printed = [line for day in DAYS for line in cron(day)]
    assert [past.promoted for past in claims.history()] == [False] * 3, "N of trigger.futility"
    assert registry.versions("pose_model").count() == 1 + 3
    (alert,) = [line for line in printed if line.startswith("alert: ")]
    assert alert.startswith("alert: pose_model was retrained 3 times without gaining 0.005 in mAP, the best")
    assert alert.endswith("or until a person says that it should be tried again (raasid retry pose_model).")
    newest = next(DecisionStore(root / "decisions").newest_first("pose_model")).decision
    assert (newest.verdict, newest.action) == ("wait", None)
    assert printed[-1] == "verdict: nothing to do"
    assert any(line.startswith("pose_model: this decision was acted upon, until ") for line in printed)

    again = cron(21.5, "retrain.dry_run=true", league=(*PEOPLE, OTHER_MATCHES))
    assert again[-1].startswith("pose_model: would be retrained (immediate)"), "for new data, one attempt"

    retried = call_raasid("retry", "pose_model", "--reason", "labels were mended", "--root", root)
    assert "3 retrainings without a gain no longer count" in retried.stdout, retried.stderr
    again = cron(21.6, "retrain.dry_run=true")
    assert again[-1].startswith("pose_model: would be retrained (immediate)"), (
        "for a person, in the same slot"
    )
