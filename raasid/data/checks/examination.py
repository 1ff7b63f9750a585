"""Footage examined: everything that the terminal, the report and the JSON files tell."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raasid.console import progress
from raasid.data.checks.all_checks import CHECKS, run_checks
from raasid.data.checks.drift import Drift
from raasid.data.checks.finding import Finding
from raasid.data.checks.kinds import KINDS
from raasid.data.checks.sight import Sight, see
from raasid.data.checks.subject import Subject
from raasid.data.checks.thresholds import Thresholds
from raasid.data.checks.verdict import Row, verdict
from raasid.data.footage import Footage
from raasid.data.quarantine import Quarantine
from raasid.data.splits import TooFewMatches, split_by_match


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, and what it means."""

    footage: Footage
    sight: Sight
    findings: list[Finding]
    rows: list[Row]
    """One for each kind."""
    drifts: list[Drift]
    """Empty without a reference."""
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        """Frames in all."""
        return sum(len(clip.frames) for clip in self.footage.clips)

    @property
    def over(self) -> list[Row]:
        """Kinds of which there is more than is tolerated."""
        return [row for row in self.rows if row.over]

    def quarantine(self, root: Path) -> Quarantine:
        """What the reader left out, and every finding beside it; paths below `root` are relative."""
        listed = Quarantine()
        for entry in self.footage.left_out:
            listed.add(entry.path, entry.reason, entry.line)
        for finding in self.findings:
            reason = f"{KINDS[finding.kind].title.lower()}: {finding.message}"
            if finding.clip:
                frame = "" if finding.frame is None else f", frame {finding.frame}"
                track = "" if finding.track is None else f", person {finding.track}"
                reason += f" ({finding.clip}{frame}{track})"
            listed.add(_below(finding.path, root) or finding.clip, reason)
        return listed

    def write(self, path: Path) -> None:
        """Write rows, drifts, findings and notes as JSON."""
        document: dict[str, Any] = {
            "ok": not self.over,
            "clips": len(self.footage.clips),
            "frames": self.frames,
            "kinds": [
                {**asdict(row), "station": row.kind.station, "state": row.state.lower()} for row in self.rows
            ],
            "drift": [asdict(drift) for drift in self.drifts],
            "notes": list(self.notes),
            "findings": [asdict(finding) for finding in self.findings],
        }
        # JSON has no NaN; a value that is not a number is left open
        text = json.dumps(_finite(document), indent=1, ensure_ascii=False, allow_nan=False)
        path.write_bytes(text.encode("utf-8", "backslashreplace") + b"\n")


def examine(
    footage: Footage, thresholds: Thresholds, limits: Mapping[str, float | None], seed: int
) -> Examination:
    """Look at every frame once and run all checks.

    thresholds: what counts as wrong. limits: kind -> tolerated share of the frames, None for any.
    seed: of the splits that `split_by_match` makes where the footage declares none.
    """
    frames = sum(len(clip.frames) for clip in footage.clips)
    with progress("looking at frames", total=frames) as advance:
        sight = see(footage.clips, advance)
    splits, notes = _splits(footage, seed)
    with progress("checking", total=len(CHECKS)) as advance:
        findings = run_checks(Subject(footage.clips, sight, splits, thresholds), advance)
    rows = verdict(findings, frames, len(footage.left_out), limits)
    return Examination(footage, sight, findings, rows, [], (*footage.notes, *notes))


def _splits(footage: Footage, seed: int) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    if footage.splits:
        return footage.splits, ()
    try:
        dealt = split_by_match(footage.clips, {}, 0.0, seed)
    except TooFewMatches:
        return {}, ("leakage was not checked: no splits are declared, and fewer than 3 matches give none",)
    parts = {"train": dealt.train, "val": dealt.val, "test": dealt.test}
    return {name: [clip.id for clip in clips] for name, clips in parts.items()}, dealt.notes


def _below(path: str, root: Path) -> str:
    base = f"{root.absolute()}/"
    return path.removeprefix(base).removeprefix(f"{root}/")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
