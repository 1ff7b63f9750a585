"""One evaluation of a ball model: what is printed, stored, reported and later compared."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from raasid.console import MetricRow
from raasid.data.frame_ref import FrameRef
from raasid.errors import UsageError
from raasid.evaluation.curves import COLUMNS, OperatingCurve, operating_curve
from raasid.evaluation.intervals import Estimate
from raasid.evaluation.outcomes import FrameOutcome, score_frames
from raasid.evaluation.slices import Slice, estimate_ball, slices
from raasid.models.ball.detections import Detections

FORMAT = 1


class ResultUnreadable(UsageError):
    """A metrics file that is missing, torn, or of another format."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; evaluate the checkpoint again")


@dataclass(frozen=True, slots=True)
class BallResult:
    """Metrics of a ball model on some frames, at one threshold."""

    estimates: dict[str, Estimate]
    slices: list[Slice]
    curves: dict[str, OperatingCurve]
    """"top": one prediction per frame; "all": every candidate."""
    threshold: float
    n_frames: int
    n_visible: int
    n_matches: int
    outcomes: list[FrameOutcome] = field(default_factory=list, repr=False)
    """By clip and frame; empty in a result that was read back, which holds no pictures."""

    def __getitem__(self, metric: str) -> Estimate:
        """The estimate of a metric."""
        return self.estimates[metric]

    def rows(self) -> list[MetricRow]:
        """Every metric for the terminal, the two that decide last."""
        decisive = ("false_positives", "detection_rate")
        names = [name for name in self.estimates if name not in decisive] + list(decisive)
        return [(name, e.value, e.low, e.high) for name in names for e in [self.estimates[name]]]

    def to_json(self) -> str:
        """Everything but the outcomes; floats keep every bit, NaN is null."""
        tree = {
            "format": FORMAT,
            "threshold": self.threshold,
            "n_frames": self.n_frames,
            "n_visible": self.n_visible,
            "n_matches": self.n_matches,
            "estimates": {name: asdict(e) for name, e in self.estimates.items()},
            "slices": [asdict(part) for part in self.slices],
            "curves": {
                name: {column: getattr(curve, column).tolist() for column in COLUMNS}
                | {"average_precision": curve.average_precision}
                for name, curve in self.curves.items()
            },
        }
        return json.dumps(_without_nan(tree), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> BallResult:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        tree = json.loads(text)
        if tree["format"] != FORMAT:
            raise ValueError(f"format {tree['format']} instead of {FORMAT}")
        return cls(
            estimates=_estimates(tree["estimates"]),
            slices=[Slice(**{**part, "estimates": _estimates(part["estimates"])}) for part in tree["slices"]],
            curves={
                name: OperatingCurve(
                    **{column: np.array(curve[column], np.float64) for column in COLUMNS},
                    average_precision=_number(curve["average_precision"]),
                )
                for name, curve in tree["curves"].items()
            },
            threshold=tree["threshold"],
            n_frames=tree["n_frames"],
            n_visible=tree["n_visible"],
            n_matches=tree["n_matches"],
        )

    def write(self, path: Path) -> None:
        """Write `metrics.json`."""
        path.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> BallResult:
        """Read `metrics.json`; raises ResultUnreadable."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ResultUnreadable(path, "no such file") from error
        except (KeyError, TypeError, ValueError) as error:
            raise ResultUnreadable(path, f"not a result of this program ({error})") from error


def evaluate_ball(
    refs: Sequence[FrameRef], detections: Sequence[Detections], threshold: float, seed: int = 0
) -> BallResult:
    """Judge detections in frames at a threshold; the order of the frames makes no difference."""
    pairs = sorted(zip(refs, detections, strict=True), key=lambda pair: pair[0].key)
    outcomes = score_frames([ref for ref, _ in pairs], [found for _, found in pairs], threshold)
    return BallResult(
        estimates=estimate_ball(outcomes, seed),
        slices=slices(outcomes, seed),
        curves={
            "top": operating_curve(outcomes, "top").thinned(),
            "all": operating_curve(outcomes, "all").thinned(),
        },
        threshold=threshold,
        n_frames=len(outcomes),
        n_visible=sum(outcome.truth is not None for outcome in outcomes),
        n_matches=len({outcome.match for outcome in outcomes}),
        outcomes=outcomes,
    )


def _estimates(tree: Mapping[str, Mapping[str, Any]]) -> dict[str, Estimate]:
    return {
        name: Estimate(_number(e["value"]), _number(e["low"]), _number(e["high"]), e["n"], e["unit"])
        for name, e in tree.items()
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _without_nan(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_without_nan(value) for value in tree]
    return None if isinstance(tree, float) and math.isnan(tree) else tree
