"""What the trigger `performance` makes of an accuracy that was estimated without labels.

Where labels are missing it is reported, and asks for a retraining only if `label_free` is `act` and the whole
interval is below the threshold; it never says that nothing is wrong. Where there are labels it stands beside
what they say about the same samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from raasid.stats.bootstrap import Estimate
    from raasid.stats.label_free import LabelFreeEstimate

METRIC = "accuracy_answered"
ASSUMPTION = "its probabilities are calibrated on these data"


class WithoutLabels(NamedTuple):
    """An accuracy by the champion's own probabilities, or why there is none."""

    estimate: LabelFreeEstimate | None
    why: str = ""
    """Why there is none; a part of a sentence."""
    measured: Estimate | None = None
    """What the labels of the same samples say; None without labels."""


def estimate_row(found: WithoutLabels, threshold: float, min_matches: int) -> dict[str, Any]:
    """Return a row of evidence about an estimate; `why` says why it allows no decision."""
    assert found.estimate is not None
    now, coverage = found.estimate.accuracy, found.estimate.coverage
    row = {
        "metric": METRIC,
        "estimated": True,
        "value": now.value,
        "low": now.low,
        "high": now.high,
        "n": now.n,
        "unit": now.unit,
        "coverage": coverage.value,
        "assumes": ASSUMPTION,
    }
    if found.measured is not None:
        labels = {"value": found.measured.value, "low": found.measured.low, "high": found.measured.high}
        return row | {"verdict": _compare(now, found.measured.value), "measured": labels}
    if math.isnan(now.value):
        return row | {"verdict": "unknown", "why": "it abstained on every clip"}
    if now.unit != "match" or now.n < min_matches:
        return row | {"verdict": "unknown", "why": f"{min_matches} matches are needed"}
    below, above = now.high < threshold, now.low >= threshold
    return row | {"threshold": threshold, "verdict": "below" if below else "above" if above else "straddles"}


def describe_estimate(found: WithoutLabels, row: Mapping[str, Any]) -> str:
    """Return a sentence for a decision that lacks labels. row: of `estimate_row`, if there is an estimate."""
    if found.estimate is None or math.isnan(row["value"]):
        return f"It cannot be estimated without labels: {found.why or row['why']}."
    why = f"; {row['why']}" if "why" in row else ""
    return (
        f"Estimated without labels, {METRIC} is {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}, "
        f"{row['n']} {_plural(row['unit'])}{why}), if {ASSUMPTION}; "
        f"it answers {row['coverage']:.0%} of the clips."
    )


def _plural(unit: str) -> str:
    return "matches" if unit == "match" else f"{unit}s"


def _compare(estimated: Estimate, measured: float) -> str:
    """Say whether an estimate came true."""
    if math.isnan(measured) or math.isnan(estimated.value):
        return "unknown"
    if measured < estimated.low:
        return "too_high"
    return "too_low" if measured > estimated.high else "agrees"
