"""Retrainings that have ended, for tests of what follows from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from raasid.triggers.retraining_history import Retraining

START = datetime(2026, 11, 2, 3, tzinfo=UTC)
DATA, OTHER_DATA = "d" * 64, "e" * 64


def ended(day: float = 0.0, **changes) -> Retraining:
    """A retraining of `pose_model` without a gain, some days after `START`, that took an hour."""
    begin = START + timedelta(days=day)
    fields = {
        "model": "pose_model",
        "decision": f"{round(day * 1000):064x}",
        "trigger": "performance",
        "action": "immediate",
        "started": begin.isoformat(),
        "ended": (begin + timedelta(hours=1)).isoformat(),
        "champion": "v20261101.1",
        "version": "v20261102.1",
        "promoted": False,
        "before": 0.60,
        "after": 0.60,
        "data_digest": DATA,
        "gpu_hours": 1.0,
    }
    return Retraining(**(fields | changes))
