"""`drift.html`: what a person sees of a drift check."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.footage.records import Clip, Frame, Provenance
from raasid.monitoring.drift_page import DriftFindings, example_frames, write_drift_page
from raasid.stats.drift import detect
from raasid.stats.drift_by_slice import mix_or_world
from raasid.stats.drift_report import DriftReport

MATCHES, ROWS = 12, 10


def report(shift: float, matches: int = MATCHES) -> DriftReport:
    rng = np.random.default_rng(3)
    reference = {
        "calm": rng.normal(size=MATCHES * ROWS),
        "moved <b>": rng.normal(size=MATCHES * ROWS),
        "kit": rng.choice(["red", "blue"], MATCHES * ROWS),
    }
    current = {
        "calm": rng.normal(size=matches * ROWS),
        "moved <b>": rng.normal(size=matches * ROWS) + shift,
        "kit": rng.choice(["red", "blue"], matches * ROWS),
    }
    sides = [
        np.repeat([f"{side}{k}" for k in range(n)], ROWS) for side, n in (("n", matches), ("b", MATCHES))
    ]
    return detect(current, reference, matches=sides[0], reference_matches=sides[1])


def page(tmp_path: Path, **found: object) -> str:
    words = {"version": "ball_model v20261123.1", "reason": "It is retrained."} | found
    return write_drift_page(tmp_path / "drift.html", DriftFindings(**words)).read_text()  # type: ignore[arg-type]


def clips(folder: Path, side: str, matches: int, brightness: int) -> list[Clip]:
    folder.mkdir(exist_ok=True)
    found = []
    for match in range(matches):
        path = folder / f"{side}{match}.png"
        cv2.imwrite(str(path), np.full((40, 64, 3), brightness, np.uint8))
        frames = (Frame(0, path, 64, 40),)
        source = Provenance("test", match=f"{side} {match}")
        found.append(Clip(f"{side}{match}-a", frames, source, tags=("night",)))
    return found


def test_the_verdict_is_the_first_sentence_and_names_what_drifts(tmp_path: Path) -> None:
    text = page(tmp_path, reports={"footage": report(2.0)})
    answer = re.search(r'<p class="answer">(.*?)</p>', text)
    assert answer is not None
    assert answer[1].startswith("<b>Drift.</b>")
    assert "moved &lt;b&gt;" in answer[1]
    assert "calm" not in answer[1]


@pytest.mark.parametrize(("matches", "verdict"), [(MATCHES, "No drift."), (1, "Too few matches to tell.")])
def test_a_page_without_drift_says_so(matches: int, verdict: str, tmp_path: Path) -> None:
    assert f'<p class="answer"><b>{verdict}</b>' in page(tmp_path, reports={"footage": report(0.0, matches)})


def test_each_feature_has_its_distributions_effect_p_and_verdict_worst_first(tmp_path: Path) -> None:
    found = report(2.0)
    cards = page(tmp_path, reports={"footage": found}).split("<section")[1:]
    assert [re.search(r"<h3>(.*?) <span", card)[1] for card in cards] == [  # type: ignore[index]
        feature.name.replace("<b>", "&lt;b&gt;") for feature in found.features
    ]
    worst, feature = cards[0], found.features[0]
    assert "▲ drift" in worst
    assert all("no drift" in card for card in cards[1:])
    for text in (f"{feature.effect:.3f}", f"{feature.p:.4f}", f"{feature.adjusted_p:.4f}", "<dd>0.1</dd>"):
        assert text in worst
    for name, card in zip((f.name for f in found.features), cards, strict=True):
        assert f"Distribution of {name.replace('<b>', '&lt;b&gt;')}, now and before" in card


def test_frames_of_both_sides_stand_beside_each_other(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        reports={"footage": report(2.0)},
        current=clips(tmp_path / "images", "late", 9, 20),
        reference=clips(tmp_path / "images", "early", 2, 200),
    )
    now, before = text.split("<h3>Before")
    assert now.count("data:image/jpeg") == 4
    assert before.count("data:image/jpeg") == 2
    assert "<b>late 1</b>" in now
    assert "<b>early 0</b>" in before


def test_without_images_of_the_reference_the_page_says_why(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        reports={"footage": report(2.0)},
        current=clips(tmp_path / "images", "late", 1, 20),
        note="store/<day> is not on this machine",
    )
    assert "store/&lt;day&gt; is not on this machine." in text


def test_frames_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    gone = clips(tmp_path / "images", "late", 2, 20)
    for clip in gone:
        clip.frames[0].image.unlink()
    text = page(tmp_path, reports={"footage": report(2.0)}, current=gone)
    assert "What it looks like" not in text


def test_examples_are_of_different_matches_and_spread_over_all() -> None:
    frames = (Frame(0, Path("x"), 1, 1),)
    many = [
        Clip(f"{m:02d}-{c}", frames, Provenance("t", match=f"{m:02d}")) for m in range(12) for c in range(3)
    ]
    assert [clip.id for clip, _ in example_frames(many, 3)] == ["02-1", "06-1", "10-1"]


def test_it_says_whether_the_mix_or_the_world_has_changed(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    matches = [np.repeat([f"{side}{k}" for k in range(20)], 5) for side in "nb"]
    slices = {f"n{k}": "night" if k < 17 else "day" for k in range(20)}
    slices |= {f"b{k}": "night" if k < 3 else "day" for k in range(20)}
    rows = [
        {"x": rng.normal(size=100) + 3.0 * np.array([slices[m] == "night" for m in side])} for side in matches
    ]
    mix = mix_or_world(rows[0], rows[1], slices, matches=matches[0], reference_matches=matches[1])
    assert mix.conclusion == "mix"
    text = page(tmp_path, reports={"footage": report(2.0)}, mixes={"light": mix})
    assert "By light: known kinds" in text.split("</header>")[0]
    assert "within each kind nothing drifts" in text.split("</header>")[0]
    assert '<td>night</td><td class="right num">15%</td><td class="right num">85%</td>' in text
