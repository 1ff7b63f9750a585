"""Run all checks on footage, and compare the findings with the tolerated limits."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raasid.console.terminal import progress
from raasid.escaping import printable
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Footage
from raasid.footage.splits import TooFewMatches, split_by_match
from raasid.io.atomic import write_atomic
from raasid.validation.ball_checks import check_ball_path, check_missing_ball
from raasid.validation.box_checks import check_boxes, check_contact, check_duplicate_boxes, check_names
from raasid.validation.drift import Comparison
from raasid.validation.image_checks import (
    check_blur,
    check_duplicates,
    check_exposure,
    check_frozen,
    check_media,
)
from raasid.validation.image_stats import ImageStatsIndex, compute_image_stats
from raasid.validation.leakage_checks import check_match_splits, check_near_identical
from raasid.validation.options import Limits, Thresholds
from raasid.validation.pose_checks import check_keypoints, check_left_right, check_skeletons
from raasid.validation.types import KINDS, Check, CheckInput, Finding, FindingKind

CHECKS: tuple[Check, ...] = (
    check_media,
    check_exposure,
    check_blur,
    check_frozen,
    check_duplicates,
    check_boxes,
    check_keypoints,
    check_skeletons,
    check_left_right,
    check_missing_ball,
    check_ball_path,
    check_duplicate_boxes,
    check_names,
    check_contact,
    check_match_splits,
    check_near_identical,
)
"""Every check; the kinds of its findings are in `types.KINDS`."""


def run_checks(data: CheckInput, update: Callable[[int], None]) -> list[Finding]:
    """Return all findings, check by check; calls `update(1)` after each check."""
    found: list[Finding] = []
    for check in CHECKS:
        found += check(data)
        update(1)
    return found


@dataclass(frozen=True, slots=True)
class KindSummary:
    """The findings of one kind, compared with its limit. The field names are those in validation.json."""

    name: str
    findings: int
    frames: int
    """Affected frames; a frame with two findings counts once."""
    share: float
    """Of all frames; for `left_out`, of all frames and left-out entries."""
    limit: float | None
    """Largest tolerated share; None: any."""

    @property
    def over(self) -> bool:
        """Whether the share exceeds the limit."""
        return self.limit is not None and self.share > self.limit

    @property
    def kind(self) -> FindingKind:
        """Title and meaning of the kind."""
        return KINDS[self.name]

    @property
    def state(self) -> str:
        """One word for tables."""
        return "OVER" if self.over else "ok" if self.limit is not None else "noted"


def summarize(findings: Sequence[Finding], frames: int, left_out: int, limits: Limits) -> list[KindSummary]:
    """Summarize every kind, also those without findings, in the order of `KINDS`.

    frames: number of frames of the footage. left_out: number of entries in the reader's quarantine.
    """
    num_findings: dict[str, int] = defaultdict(int)
    whole: dict[str, int] = defaultdict(int)
    single: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for finding in findings:
        num_findings[finding.kind] += 1
        if finding.frame is None or finding.frames > 1:
            whole[finding.kind] += finding.frames
        else:
            single[finding.kind].add((finding.clip, finding.frame))
    rows = []
    for name in KINDS:
        if name == "left_out":
            share = left_out / (frames + left_out) if left_out else 0.0
            rows.append(KindSummary(name, left_out, left_out, share, getattr(limits, name)))
        else:
            affected = min(frames, whole[name] + len(single[name])) if frames else 0
            share = affected / frames if frames else float(num_findings[name] > 0)
            rows.append(KindSummary(name, num_findings[name], affected, share, getattr(limits, name)))
    return rows


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """The findings, their summary, and what they were computed from."""

    footage: Footage
    images: ImageStatsIndex
    findings: list[Finding]
    rows: list[KindSummary]
    """One for each kind."""
    comparison: Comparison | None
    """With the reference, if there is one."""
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        """Number of frames."""
        return sum(len(clip.frames) for clip in self.footage.clips)

    @property
    def over(self) -> list[KindSummary]:
        """The kinds that exceed their limits."""
        return [row for row in self.rows if row.over]

    def quarantine(self, root: Path) -> Quarantine:
        """Return what the reader rejected, and every finding; paths below `root` are relative."""
        listed = Quarantine()
        for entry in self.footage.quarantine:
            listed.add(entry.path, entry.reason, entry.line)
        for finding in self.findings:
            reason = f"{KINDS[finding.kind].title.lower()}: {finding.message}"
            if finding.clip:
                frame = "" if finding.frame is None else f", frame {finding.frame}"
                track = "" if finding.track is None else f", person {finding.track}"
                reason += f" ({finding.clip}{frame}{track})"
            listed.add(_relative_to(finding.path, root) or finding.clip, reason)
        return listed

    def write(self, path: Path) -> None:
        """Write rows, drift, findings and notes as JSON."""
        document: dict[str, Any] = {
            "ok": not self.over,
            "clips": len(self.footage.clips),
            "frames": self.frames,
            "kinds": [
                {**asdict(row), "station": row.kind.station, "state": row.state.lower()} for row in self.rows
            ],
            "drift": [asdict(drift) for drift in self.comparison.drifts] if self.comparison else [],
            "notes": list(self.notes),
            "findings": [asdict(finding) for finding in self.findings],
        }
        # JSON has no NaN; it becomes null
        text = json.dumps(_nan_to_none(document), indent=1, ensure_ascii=False, allow_nan=False)
        write_atomic(path, text.encode("utf-8", "backslashreplace") + b"\n")


def check_footage(footage: Footage, thresholds: Thresholds, limits: Limits, seed: int) -> ValidationResult:
    """Measure every frame once and run all checks.

    seed: of the splits that `split_by_match` makes if the footage declares none.
    """
    frames = sum(len(clip.frames) for clip in footage.clips)
    with progress("measuring frames", total=frames) as update:
        images = compute_image_stats(footage.clips, update)
    splits, notes = _splits(footage, seed)
    with progress("checking", total=len(CHECKS)) as update:
        findings = run_checks(CheckInput(footage.clips, images, splits, thresholds), update)
    rows = summarize(findings, frames, len(footage.quarantine), limits)
    return ValidationResult(footage, images, findings, rows, None, (*footage.notes, *notes))


def _splits(footage: Footage, seed: int) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    if footage.splits:
        return footage.splits, ()
    try:
        splits = split_by_match(footage.clips, {}, 0.0, seed)
    except TooFewMatches:
        return {}, ("leakage was not checked: no splits are declared, and fewer than 3 matches give none",)
    parts = {"train": splits.train, "val": splits.val, "test": splits.test}
    return {name: [clip.id for clip in clips] for name, clips in parts.items()}, splits.notes


def _relative_to(path: str, root: Path) -> str:
    return path.removeprefix(printable(f"{root.absolute()}/")).removeprefix(printable(f"{root}/"))


def _nan_to_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nan_to_none(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_nan_to_none(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
