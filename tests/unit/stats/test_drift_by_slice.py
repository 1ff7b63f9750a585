from __future__ import annotations

import numpy as np
import pytest

from raasid.stats.columns import DriftInputError
from raasid.stats.drift import detect
from raasid.stats.drift_by_slice import MixOrWorld, mix_or_world

LOOK = {"day": 0.0, "night": -2.0, "dusk": -1.0}


def footage(kinds: list[str], seed: int, prefix: str, change: float = 0.0):
    """Brightness and sharpness of 20 rows a match; `change` is added to the brightness of all."""
    rng = np.random.default_rng(seed)
    names = [f"{prefix}{k}" for k in range(len(kinds))]
    of_match = np.array([LOOK[kind] + change for kind in kinds]) + rng.normal(0, 0.2, len(kinds))
    brightness = np.repeat(of_match, 20) + rng.normal(size=20 * len(kinds)) * 0.5
    rows = {"brightness": brightness, "sharpness": rng.normal(size=len(brightness))}
    return rows, np.repeat(names, 20), dict(zip(names, kinds, strict=True))


REFERENCE = footage(["day"] * 30 + ["night"] * 10, 0, "r")
AS_BEFORE = ["day"] * 15 + ["night"] * 5
MORE_NIGHTS = ["day"] * 5 + ["night"] * 15


def compared(kinds: list[str], change: float = 0.0, seed: int = 1) -> MixOrWorld:
    rows, matches, slices = footage(kinds, seed, "c", change)
    reference, reference_matches, reference_slices = REFERENCE
    return mix_or_world(
        rows, reference, slices | reference_slices, matches=matches, reference_matches=reference_matches
    )


@pytest.mark.parametrize(
    ("kinds", "change", "conclusion"),
    [
        (AS_BEFORE, 0.0, "none"),
        (MORE_NIGHTS, 0.0, "mix"),
        (AS_BEFORE, 0.8, "world"),
        (MORE_NIGHTS, 0.8, "both"),
    ],
)
def test_a_changed_mix_is_told_apart_from_a_changed_world(
    kinds: list[str], change: float, conclusion: str
) -> None:
    found = compared(kinds, change)
    assert found.conclusion == conclusion
    assert found.world is not None
    assert found.world.drifted == (("brightness",) if change else ())


def test_without_slices_a_changed_mix_looks_like_drift() -> None:
    rows, matches, _ = footage(MORE_NIGHTS, 1, "c")
    reference, reference_matches, _ = REFERENCE
    report = detect(rows, reference, matches=matches, reference_matches=reference_matches)
    assert report.drifted == ("brightness",)


def test_a_slice_that_the_reference_lacks_is_new_and_cannot_be_compared() -> None:
    found = compared([*AS_BEFORE, *["dusk"] * 10])
    assert (found.new, found.gone, found.slices) == (("dusk",), (), ("day", "night"))
    assert found.conclusion == "mix"
    assert found.world is not None
    assert found.world.rows == 20 * len(AS_BEFORE)
    assert found.sentence().endswith("new: dusk")


def test_only_new_slices_leave_the_world_undecided() -> None:
    found = compared(["dusk"] * 10)
    assert (found.conclusion, found.world, found.mix.verdict) == ("too few", None, "drift")


def test_one_match_in_each_slice_is_too_few() -> None:
    found = compared(["night"])
    assert found.conclusion == "too few"
    assert found.world is not None
    assert found.world.more_units_needed > 0


def test_no_change_rarely_looks_like_a_changed_world() -> None:
    alarms = sum(
        compared(MORE_NIGHTS if seed % 2 else AS_BEFORE, seed=seed).conclusion in ("world", "both")
        for seed in range(2, 42)
    )
    assert alarms <= 6


def test_every_match_needs_a_slice() -> None:
    rows, matches, _ = footage(["day"], 1, "c")
    reference, reference_matches, slices = REFERENCE
    with pytest.raises(DriftInputError, match=r"slices: match 'c0' has none \(1 have none\)"):
        mix_or_world(rows, reference, slices, matches=matches, reference_matches=reference_matches)
