"""A registry with three versions of the ball model and one of each other task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raasid.registry.names import Version
from raasid.registry.records import MetricValue, Route
from raasid.registry.registry import Registry

START = 1_795_000_000.0
"""18 November 2026, seconds since 1970."""
HOUR = 3600.0


class Season:
    """Registers versions an hour apart, and sets aliases and routes."""

    def __init__(self, root: Path) -> None:
        self.now = START
        self.registry = Registry(root, author="anna@gpu07", clock=lambda: self.now)
        self.ball = [self._ball(number) for number in (1, 2)]
        self.champion(self.ball[0], "the first")
        self.champion(self.ball[1], "better at night")
        self.ball.append(self._ball(3, init_from=2))
        self.registry.set_alias("ball_model", "challenger", self.ball[2], "just trained")
        self.pose = self.register("pose_model", 7, {"AP50": MetricValue(value=0.961, low=0.95, high=0.97)})
        self.context = self.register(
            "context_model", 8, {"accuracy": MetricValue(value=0.92)}, ball=2, pose=99
        )
        shares = zip(self.ball[1:], (0.75, 0.25), strict=True)
        routes = [Route(edition="*", name="ball_model", version=str(v), share=share) for v, share in shares]
        self.registry.switch_routes(routes, "a quarter to the challenger")

    def champion(self, version: Version, reason: str) -> None:
        self.now += HOUR
        self.registry.set_alias("ball_model", "champion", version, reason)

    def register(self, name: str, number: int, metrics: dict[str, MetricValue], **inputs: int) -> Version:
        self.now += HOUR
        config = {"seed": number, "optimizer": {"lr": 0.001, "name": "adamw"}}
        return self.registry.register(
            name,
            {"card.json": b'{"number": %d}' % number, "notes.md": b"the same in all"},
            config=config,
            metrics=metrics,
            lineage=_lineage(number, inputs),
            reason=f"training {number}",
        )

    def measured(self, version: Version, rate: float, reason: str, labels: str = "ab" * 32) -> None:
        data = {"labels_sha256": labels, "test": {"frames": 42, "matches": ["match-9"]}}
        figures = {
            "detection_rate": MetricValue(value=rate, low=rate - 0.1, high=rate + 0.1),
            "ece": MetricValue(value=0.1),
        }
        self.registry.add_evaluation("ball_model", version, "test", data, figures, reason)

    def _ball(self, number: int, **inputs: int) -> Version:
        rate, wrong = 0.6 + 0.1 * number, 0.3 / number
        metrics = {
            "detection_rate": MetricValue(value=rate, low=rate - 0.04, high=rate + 0.04),
            "false_positives": MetricValue(value=wrong, low=wrong / 2, high=wrong * 2),
            "precision": MetricValue(value=0.9),
        }
        return self.register("ball_model", number, metrics, **inputs)


def _lineage(number: int, inputs: dict[str, int]) -> dict[str, Any]:
    parts = {"train": (0, 6), "val": (6, 8), "test": (8, 12)}
    data: dict[str, Any] = {
        split: {"matches": [f"match-{n}" for n in range(*span)], "frames": 100 * number + span[1]}
        for split, span in parts.items()
    }
    return {
        "format": 1,
        "run": f"2026-11-18_10-00-0{number}_b8f4e4",
        "environment": {"code": "acfa4c08f587", "python": "3.11.7", "torch": "2.15.0"},
        "data": {**data, "labels_sha256": f"{number:x}" * 64},
        "inputs": {role: {"path": f"run{n}/best.ckpt", "sha256": f"{n:064x}"} for role, n in inputs.items()},
        "outputs": {"checkpoint": {"path": f"run{number}/best.ckpt", "sha256": f"{number:064x}"}},
    }
