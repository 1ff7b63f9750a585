"""The verdict of the gate: a row for each demand, the reason in one sentence, as JSON and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from raasid.console.tables import Column, Row, print_line, print_table
from raasid.errors import Exit, RaasidError
from raasid.registry.record_chain import canonical_json
from raasid.registry.strict_json import parse_json

FORMAT = 1
_DIGITS = 6
"""Of figures in JSON: the last bits of a sum depend on the processor."""

Rule = Literal[
    "training data",
    "test set",
    "overall",
    "end to end",
    "anchor",
    "tag",
    "end to end, tag",
    "limit",
    "end to end, limit",
]
"""What a row is about; a refusal gives as its reason the first of these that is not met."""
Finding = Literal[
    "better", "no worse", "worse", "not shown", "not enough matches", "undefined", "met", "not met", "skipped"
]
"""better, no worse, worse: shown by the paired test. not shown: neither a loss nor its absence is shown."""
ALL_ZERO = "0 for both models"
"""Note of a row that compares nothing with nothing."""
_ORDER: tuple[Rule, ...] = get_args(Rule)
_PLACES = {
    "anchor": " against the best version so far",
    "end to end": " of decisions on whole clips",
    "end to end, tag": " of decisions on whole clips",
    "end to end, limit": " of decisions on whole clips",
}


class GateRefused(RaasidError):
    """The gate refuses a challenger; the champion stays."""

    exit = Exit.REFUSED

    def __init__(self, verdict: GateVerdict) -> None:
        super().__init__(f"refused by the gate: {verdict.reason}")
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One demand on the challenger, and whether it is met."""

    rule: Rule
    finding: Finding
    passes: bool
    metric: str = ""
    """Empty where a rule is about no metric."""
    tag: str = ""
    """Empty for all samples."""
    champion: float = math.nan
    """Of the rule `anchor`: of the anchor."""
    challenger: float = math.nan
    low: float = math.nan
    """Lower limit of the difference at level 1 - alpha, one-sided."""
    high: float = math.nan
    allowed: float = math.nan
    """Largest difference in the bad direction that is accepted."""
    matches: int = 0
    note: str = ""
    """What else a reader needs: why a rule was skipped, what to do."""

    @property
    def difference(self) -> float:
        """Challenger minus champion."""
        return self.challenger - self.champion

    @property
    def sort_key(self) -> tuple[int, float]:
        """Order of rows: the gravest rule first, within it the largest loss; undefined values last."""
        return _ORDER.index(self.rule), math.inf if math.isnan(self.difference) else self.difference

    def to_plain(self) -> dict[str, Any]:
        """Return plain values for JSON; NaN becomes None."""
        tree = asdict(self) | {"difference": self.difference}
        return {name: _plain(value) for name, value in tree.items()}

    def refusal(self) -> str:
        """Say in one sentence why this row refuses."""
        name = f"{self.metric}{_PLACES.get(self.rule, '')}" + (f" on {self.tag}" if self.tag else "")
        if not self.metric:
            return self.note
        if self.finding == "not enough matches":
            return f"{self.matches} matches are too few to compare {name}; {self.note}"
        if self.finding == "undefined":
            return f"{name} is undefined for one of the models"
        if self.finding == "not met":
            return f"{self.change(name)}; a change of at most {self.allowed:+.3g} is allowed"
        if self.note == ALL_ZERO:
            return f"{name} is 0 for both models, which shows nothing"
        allowed = f"a loss of at most {-self.allowed:g} is allowed"
        return f"{self.change(name)}; {allowed}" + ("" if self.finding == "worse" else ", and not shown")

    def change(self, name: str) -> str:
        """Say how the metric changes; name: what it is called in the sentence."""
        verb = "rises" if self.difference > 0 else "falls" if self.difference < 0 else "stays"
        interval = "" if math.isnan(self.low) else f" [{self.low:+.3f}, {self.high:+.3f}]"
        matches = f", {self.matches} matches" if self.matches else ""
        values = f"from {self.champion:.3f} to {self.challenger:.3f}"
        return f"{name} {verb} {values} ({self.difference:+.3f}{interval}{matches})"


@dataclass(frozen=True, kw_only=True)
class GateVerdict:
    """Whether a challenger may replace the champion, and why."""

    task: str
    metric: str
    """The one by which the models are compared."""
    test_set_sha256: str
    test_matches: int
    look: int
    """How many challengers this test set has judged, this one included."""
    beats_anchor: bool
    """Whether the challenger was shown to be better than the best version so far."""
    rows: tuple[GateRow, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every demand is met."""
        return all(row.passes for row in self.rows)

    @property
    def is_new_anchor(self) -> bool:
        """Whether the challenger becomes the anchor of later comparisons."""
        return self.passed and self.beats_anchor

    @property
    def failures(self) -> list[GateRow]:
        """The rows that refuse, the gravest first."""
        return sorted((row for row in self.rows if not row.passes), key=lambda row: row.sort_key)

    @property
    def reason(self) -> str:
        """The verdict in one sentence, which names the gravest row."""
        if self.failures:
            more = len(self.failures) - 1
            others = f"; {more} more demand{'s are' if more > 1 else ' is'} not met" if more else ""
            return self.failures[0].refusal() + others
        overall = next(row for row in self.rows if row.rule == "overall")
        tags = [row for row in self.rows if row.rule == "tag"]
        few = sum(row.finding == "not enough matches" for row in tags)
        text = f"{overall.change(self.metric)}; none of {len(tags) - few} tags shows a loss"
        return f"{text}; too few matches for {few} more" if few else text

    def to_plain(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        answers = {"passed": self.passed, "is_new_anchor": self.is_new_anchor, "reason": self.reason}
        rows = [row.to_plain() for row in self.rows]
        return {"format": FORMAT, **vars(self), **answers, "options": dict(self.options), "rows": rows}

    def to_json(self) -> str:
        """Serialise canonically: the same comparison gives the same bytes."""
        return canonical_json(self.to_plain()).decode() + "\n"

    @classmethod
    def from_json(cls, data: bytes) -> GateVerdict:
        """Read what `to_json` wrote. Raises ValueError."""
        try:
            plain = parse_json(data)
            rows = [GateRow(**_fields_of(GateRow, row)) for row in plain["rows"]]
            return cls(**_fields_of(cls, plain) | {"rows": tuple(rows)})
        except (KeyError, TypeError) as error:
            raise ValueError("is no verdict of the gate") from error

    def print(self) -> None:
        """Print the table, without the limits that were skipped, then the verdict with its reason."""
        columns: list[Column | str] = [
            "rule",
            Column("where", fold=12),
            Column("champion", right=True),
            Column("challenger", right=True),
            Column("difference", right=True),
            Column("interval", drop=2),
            Column("allowed", right=True, drop=1),
            Column("matches", right=True),
            Column("verdict", fold=12),
            Column("note", fold=20, drop=3),
        ]
        listed = ("anchor", "end to end")
        shown = [row for row in self.rows if row.finding != "skipped" or row.rule in listed]
        print_table(columns, [Row(_cells(row), "" if row.passes else "bold") for row in shown])
        print_line(("passed" if self.passed else "refused", "bold"), f": {self.reason}")


def _cells(row: GateRow) -> list[str]:
    return [
        row.rule,
        row.tag or row.metric,
        _number(row.champion),
        _number(row.challenger),
        _number(row.difference, "+"),
        "" if math.isnan(row.low) else f"[{row.low:+.3f}, {row.high:+.3f}]",
        _number(row.allowed, "+"),
        str(row.matches or ""),
        row.finding if row.passes else f"{row.finding}: refused",
        row.note,
    ]


def _number(value: float, sign: str = "") -> str:
    return "" if math.isnan(value) else f"{value:{sign}.3f}"


def _fields_of(kind: type[GateRow | GateVerdict], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a dataclass from plain values; of numbers that are None, NaN."""
    return {
        each.name: math.nan if plain[each.name] is None and each.type == "float" else plain[each.name]
        for each in fields(kind)
    }


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, _DIGITS) + 0.0 if math.isfinite(value) else None
