"""The table of checks, and running them.

Footage examined: everything that the terminal, the report and the JSON files tell.

Findings against limits: which kinds are over what is tolerated.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raasid.console.terminal import progress
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Footage
from raasid.footage.splits import TooFewMatches, split_by_match
from raasid.validation.ball_checks import check_ball_path, check_missing_ball
from raasid.validation.box_checks import check_boxes, check_contact, check_duplicate_boxes, check_names
from raasid.validation.drift import Drift
from raasid.validation.image_checks import (
    check_blur,
    check_duplicates,
    check_exposure,
    check_frozen,
    check_media,
)
from raasid.validation.image_stats import ImageStatsIndex, compute_image_stats
from raasid.validation.leakage_checks import check_match_splits, check_near_identical
from raasid.validation.left_right_swaps import check_left_right
from raasid.validation.options import Limits, Thresholds
from raasid.validation.pose_checks import check_keypoints, check_skeletons
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
"""Every check yields findings; its kinds are rows in `types.KINDS`."""


def run_checks(data: CheckInput, advance: Callable[[int], None]) -> list[Finding]:
    """Return all findings, check by check; `advance` is message 1 for each check."""
    found: list[Finding] = []
    for check in CHECKS:
        found += check(data)
        advance(1)
    return found


@dataclass(frozen=True, slots=True)
class KindSummary:
    """One kind of finding, judged."""

    name: str
    findings: int
    frames: int
    """Frames concerned; a frame with two findings counts once."""
    share: float
    """Of all frames; of those and what was left out, where that is the kind."""
    limit: float | None
    """The largest share that is tolerated; None: any."""

    @property
    def over(self) -> bool:
        """Whether there is more of it than is tolerated."""
        return self.limit is not None and self.share > self.limit

    @property
    def kind(self) -> FindingKind:
        """What the name stands for."""
        return KINDS[self.name]

    @property
    def state(self) -> str:
        """One word for tables."""
        return "OVER" if self.over else "ok" if self.limit is not None else "noted"


def summarize(findings: Sequence[Finding], frames: int, left_out: int, limits: Limits) -> list[KindSummary]:
    """Judge each kind, those without findings too, in the order of `KINDS`.

    frames: how many the footage has. left_out: entries of the reader's quarantine.
    """
    number: dict[str, int] = defaultdict(int)
    whole: dict[str, int] = defaultdict(int)
    single: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for finding in findings:
        number[finding.kind] += 1
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
            concerned = min(frames, whole[name] + len(single[name])) if frames else 0
            share = concerned / frames if frames else float(number[name] > 0)
            rows.append(KindSummary(name, number[name], concerned, share, getattr(limits, name)))
    return rows


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """What was found, and what it means."""

    footage: Footage
    images: ImageStatsIndex
    findings: list[Finding]
    rows: list[KindSummary]
    """One for each kind."""
    drifts: list[Drift]
    """Empty without a reference."""
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        """Frames in all."""
        return sum(len(clip.frames) for clip in self.footage.clips)

    @property
    def over(self) -> list[KindSummary]:
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


def check_footage(footage: Footage, thresholds: Thresholds, limits: Limits, seed: int) -> ValidationResult:
    """Look at every frame once and run all checks.

    thresholds: what counts as wrong. limits: kind -> tolerated share of the frames, None for any.
    seed: of the splits that `split_by_match` makes where the footage declares none.
    """
    frames = sum(len(clip.frames) for clip in footage.clips)
    with progress("looking at frames", total=frames) as advance:
        images = compute_image_stats(footage.clips, advance)
    splits, notes = _splits(footage, seed)
    with progress("checking", total=len(CHECKS)) as advance:
        findings = run_checks(CheckInput(footage.clips, images, splits, thresholds), advance)
    rows = summarize(findings, frames, len(footage.left_out), limits)
    return ValidationResult(footage, images, findings, rows, [], (*footage.notes, *notes))


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
