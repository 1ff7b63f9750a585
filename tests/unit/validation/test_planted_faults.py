"""The checks have a recall of at least 0.95 per kind and flag at most 2 % of clean frames."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from faults import FAULTS, splits_of

from raasid.footage.records import Clip
from raasid.validation.image_stats import ImageStatsIndex, compute_image_stats
from raasid.validation.options import Thresholds
from raasid.validation.runner import run_checks
from raasid.validation.types import CheckInput, Finding

StatsBySeed = dict[int, ImageStatsIndex]


@pytest.fixture(scope="module")
def stats_by_seed(leagues: dict[int, list[Clip]]) -> StatsBySeed:
    return {seed: compute_image_stats(clips, lambda _: None) for seed, clips in leagues.items()}


def findings_in(clips: list[Clip], images: ImageStatsIndex) -> list[Finding]:
    return run_checks(CheckInput(clips, images, splits_of(clips), Thresholds()), lambda _: None)


@pytest.mark.soak
def test_clean_footage_has_hardly_any_findings(
    leagues: dict[int, list[Clip]], stats_by_seed: StatsBySeed
) -> None:
    accused: Counter[str] = Counter()
    frames = 0
    for seed, clips in leagues.items():
        frames += sum(len(clip.frames) for clip in clips)
        found = {
            (finding.kind, finding.clip, finding.frame) for finding in findings_in(clips, stats_by_seed[seed])
        }
        accused.update(kind for kind, *_ in found)
    shares = {kind: count / frames for kind, count in accused.items()}
    print({kind: round(share, 4) for kind, share in shares.items()})
    assert {kind: share for kind, share in shares.items() if share > 0.02} == {}


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(
    fault: str, leagues: dict[int, list[Clip]], stats_by_seed: StatsBySeed, tmp_path: Path
) -> None:
    kind, plant = FAULTS[fault]
    planted = hit = accused = frames = 0
    for seed, clips in leagues.items():
        bad, keys = plant(clips, np.random.default_rng(seed), tmp_path / str(seed))
        assert keys
        repainted = any(
            a.image != b.image
            for x, y in zip(clips, bad, strict=True)
            for a, b in zip(x.frames, y.frames, strict=True)
        )
        images = compute_image_stats(bad, lambda _: None) if repainted else stats_by_seed[seed]
        mine = [finding for finding in findings_in(bad, images) if finding.kind == kind]
        here = {(finding.clip, finding.frame) for finding in mine}
        pairs = {finding.other for finding in mine if finding.other is not None}
        planted += len(keys)
        hit += len(keys & (here | pairs))
        accused += len({(f.clip, f.frame) for f in mine if f.other not in keys} - keys)
        frames += sum(len(clip.frames) for clip in clips)
    print(f"{fault}: recall {hit}/{planted} = {hit / planted:.3f}, wrongly accused {accused / frames:.4f}")
    assert hit / planted >= 0.95
    assert accused / frames <= 0.02
