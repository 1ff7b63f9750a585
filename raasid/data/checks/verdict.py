"""Findings against limits: which kinds are over what is tolerated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raasid.data.checks.finding import Finding
from raasid.data.checks.kinds import KINDS, Kind


@dataclass(frozen=True, slots=True)
class Row:
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
    def kind(self) -> Kind:
        """What the name stands for."""
        return KINDS[self.name]

    @property
    def state(self) -> str:
        """One word for tables."""
        return "OVER" if self.over else "ok" if self.limit is not None else "noted"


def verdict(
    findings: Sequence[Finding], frames: int, left_out: int, limits: Mapping[str, float | None]
) -> list[Row]:
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
            rows.append(Row(name, left_out, left_out, share, limits[name]))
        else:
            concerned = min(frames, whole[name] + len(single[name])) if frames else 0
            share = concerned / frames if frames else float(number[name] > 0)
            rows.append(Row(name, number[name], concerned, share, limits[name]))
    return rows
