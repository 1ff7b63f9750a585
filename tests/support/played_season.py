"""The folders of a loop after a retraining, made by the stores themselves."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registered_models import HOUR, Season
from retrainings import DATA

from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.retraining_history import Retraining


class PlayedSeason:
    """A ball champion that was found poor and replaced; `now` is when it ended."""

    def __init__(self, root: Path) -> None:
        self.root, self.models = root, Season(root / "registry")
        self.before = str(self.models.ball[1])
        self.models.now += HOUR
        self.poor = self.decide("performance", "fire", "detection_rate is below 0.85.")
        self.models.now += HOUR / 2
        self.note("begin", "immediate because detection_rate is below 0.85.")
        self.note("train", "logs/train")
        self.models.now += HOUR / 2
        self.note("gate", "better by 0.10 overall")
        self.version = str(self.models.ball[2])
        self.models.registry.set_alias("ball_model", "champion", self.models.ball[2], "passed the gate")
        self.note("champion", self.version)
        self.note("end", "promoted")
        self.end(self.poor, before=0.8, after=0.9, promoted=True)

    @property
    def now(self) -> datetime:
        """UTC."""
        return datetime.fromtimestamp(self.models.now, UTC)

    def decide(self, trigger: str, verdict: str, reason: str, model: str = "ball_model") -> Decision:
        """Store a decision, made now."""
        decision = Decision(
            model=model,
            trigger=trigger,
            champion=self.before,
            verdict=verdict,
            action="immediate" if verdict == "fire" else None,
            reason=reason,
        )
        path = DecisionStore(self.root / "decisions").write(decision, self.now.date())
        os.utime(path, (self.models.now, self.models.now))
        return decision

    @property
    def journal(self) -> Path:
        """Of the retraining."""
        return self.root / "retrainings" / "ball_model" / "runs" / self.poor.digest[:12] / "journal.jsonl"

    def note(self, step: str, what: str) -> None:
        """Append a line to the journal."""
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        line = {"time": self.now.isoformat(timespec="seconds"), "step": step, "what": what}
        with self.journal.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def end(self, decision: Decision, **outcome: Any) -> None:
        """Record that a retraining for a decision ends now."""
        done = Retraining(
            model="ball_model",
            decision=decision.digest,
            trigger=decision.trigger,
            action="immediate",
            started=datetime.fromtimestamp(self.models.now - HOUR / 2, UTC).isoformat(),
            ended=self.now.isoformat(),
            champion=self.before,
            version=self.version,
            data_digest=DATA,
            gpu_hours=0.5,
            **outcome,
        )
        with ClaimStore(self.root / "retrainings").take(decision) as claim:
            claim.finish(done)

    def retrain_without_gain(self, times: int) -> None:
        """Add retrainings that the gate refused."""
        for number in range(times):
            self.models.now += 24 * HOUR
            poor = self.decide("performance", "fire", f"detection_rate is below 0.85, again ({number}).")
            self.end(poor, before=0.9, after=0.9, promoted=False)
