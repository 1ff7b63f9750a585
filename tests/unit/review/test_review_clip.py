from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from staged_play import (
    HAND,
    SIZE,
    FakeContextModel,
    FakeTracker,
    ball,
    no_progress,
    play,
    read_frames,
    review_models,
    write_clip,
)

from raasid.collect.source_discovery import Source
from raasid.footage.records import Frame
from raasid.review.annotated_video import STRIP_HEIGHT
from raasid.review.decision import Decision, read_decision, shipped_schema
from raasid.review.options import ReviewOptions
from raasid.review.review_clip import ReviewModels, ReviewResult, review_clip

EDITION = "ifab_2025_26"
OPTIONS = ReviewOptions()


def review(
    folder: Path, truth: list[Frame], models: ReviewModels | None = None, **video: object
) -> ReviewResult:
    source = write_clip(folder / "clip.mp4", truth, **video)  # type: ignore[arg-type]
    return review_clip(source, folder / "out", models or review_models(truth), EDITION, OPTIONS, no_progress)


@pytest.fixture(scope="module")
def touched(tmp_path_factory: pytest.TempPathFactory) -> ReviewResult:
    return review(tmp_path_factory.mktemp("touched"), play(30, at=14))


def test_a_touch_becomes_a_decision_that_scripts_can_read(touched: ReviewResult) -> None:
    record = json.loads((touched.folder / "decision.json").read_text())
    assert {key: record[key] for key in ("decision", "abstained", "edition", "restart")} == {
        "decision": "offence",
        "abstained": False,
        "edition": "ifab_2025_26",
        "restart": "direct_free_kick",
    }
    assert record["confidence"] == record["offence_probability"] == 0.95
    assert record["clause"]
    assert record["facts"]["deliberate"] == {
        "value": True,
        "probability": 0.95,
        "probabilities": {"true": 0.95, "false": 0.05},
    }
    assert record["facts"]["scored"] == {"value": None, "probability": None, "probabilities": {}}
    contact = record["contact"]
    assert (contact["person"], contact["side"], contact["segment"]) == (3, "left", "forearm")
    assert abs(contact["frame"] - 14) <= 1
    assert record["stands_on"]["frames"] == 30
    assert record["stands_on"]["ball_seen"] == 1.0
    assert set(record["models"]) == {"ball", "pose", "context"}
    assert {edition["edition"] for edition in record["other_editions"]} >= {"ifab_2018_19", "ifab_2025_26"}


def test_the_schema_that_ships_is_that_of_the_record(touched: ReviewResult) -> None:
    assert shipped_schema() == json.loads(json.dumps(Decision.model_json_schema()))
    record = json.loads((touched.folder / "decision.json").read_text())
    schema = shipped_schema()
    assert set(record) == set(schema["properties"])
    assert set(schema["required"]) <= set(record)
    assert schema["additionalProperties"] is False
    assert read_decision(touched.folder) == touched.decision


def test_the_video_shows_every_frame_with_a_pause_at_the_touch(touched: ReviewResult) -> None:
    images = read_frames(touched.folder / "annotated.mp4")
    width, height = (side * 3 for side in SIZE)  # small footage is enlarged
    assert images[0].shape == (height + STRIP_HEIGHT, width, 3)
    assert len(images) == 30 + round(1.5 * 25)
    at = touched.decision.contact.frame if touched.decision.contact else -1
    still = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(images[at + 2 :])]
    assert max(still[:30]) < 1.0 < max(still[30:])
    x, y = (round(value * 3) for value in HAND)
    hand = images[at + 5][y - 24 : y + 24, x - 24 : x + 36]
    orange = (hand[..., 2] > 170) & (hand[..., 1] > 60) & (hand[..., 1] < 170) & (hand[..., 0] < 90)
    assert orange.sum() > 50, "the arm and the brackets round the touch are orange"


def test_the_page_is_self_contained_and_answers_first(touched: ReviewResult) -> None:
    page = (touched.folder / "review.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)
    assert "http" not in page.replace("http://www.w3.org", "")
    order = [
        page.index(text)
        for text in ("<h1>Handball offence", "The moment that decides", "The whole clip", "What was seen of")
    ]
    assert order == sorted(order)
    assert page.count("data:image/jpeg") >= 5
    assert "annotated.mp4 shows it" in page
    assert "nan" not in re.sub(r'base64,[^"]*', "", page).lower()


def test_a_finished_review_is_reused_until_footage_models_options_or_edition_change(tmp_path: Path) -> None:
    truth = play(12, at=6)
    source = write_clip(tmp_path / "clip.mp4", truth)

    def is_fresh(models: ReviewModels, edition: str = EDITION, options: ReviewOptions = OPTIONS) -> bool:
        return review_clip(source, tmp_path / "out", models, edition, options, no_progress).fresh

    tracker = FakeTracker(truth)
    assert is_fresh(review_models(truth, tracker=tracker))
    assert not is_fresh(review_models(truth, tracker=tracker))
    assert len(tracker.tracked) == 12
    assert is_fresh(review_models(truth, tracker=tracker), edition="ifab_2020_21")
    assert len(tracker.tracked) == 12, "another edition shares the tracks"
    assert not is_fresh(review_models(truth, tracker=tracker)), "the first edition's review is still there"
    assert is_fresh(review_models(truth, tracker=FakeTracker(truth, name="tracker-2")))
    assert is_fresh(
        review_models(truth, tracker=FakeTracker(truth, name="tracker-2")),
        options=ReviewOptions(min_confidence=0.7),
    )
    os.utime(source.path, (1, 1))
    assert is_fresh(review_models(truth, tracker=FakeTracker(truth, name="tracker-2")))
    home = tmp_path / "out"
    (next(home.glob("*/ifab_2025_26")) / "annotated.mp4").unlink()
    assert is_fresh(review_models(truth, tracker=FakeTracker(truth, name="tracker-2")))


def test_without_a_ball_there_is_no_decision(tmp_path: Path) -> None:
    done = review(tmp_path, play(10, balls=()))
    assert (done.decision.decision, done.decision.abstained, done.decision.confidence) == (None, True, 0.0)
    assert done.decision.reasons == ["no ball was seen"]
    assert done.decision.offence_probability is None
    assert len(read_frames(done.folder / "annotated.mp4")) == 10
    assert "No ball was seen" in (done.folder / "review.html").read_text()


def test_without_players_there_is_no_decision(tmp_path: Path) -> None:
    assert review(tmp_path, play(10, persons=())).decision.reasons == ["no players were found"]


def test_a_single_frame_gives_no_decision(tmp_path: Path) -> None:
    done = review(tmp_path, play(1, at=0))
    assert done.decision.abstained
    assert done.decision.reasons[0] == "1 frame shows no motion to judge by"
    assert len(read_frames(done.folder / "annotated.mp4")) >= 1


def test_a_ball_that_passes_the_arm_is_no_confident_offence(tmp_path: Path) -> None:
    """Even if the model predicts an offence for every clip."""
    truth = play(20)
    passing = [
        replace(frame, balls=(ball(40.0 + 7.0 * frame.index, HAND[1] + 10 - frame.index),)) for frame in truth
    ]
    decision = review(
        tmp_path, passing, review_models(passing, FakeContextModel(confidence=0.99, always_touch=True))
    ).decision
    assert decision.abstained
    assert (decision.decision, decision.confidence) == (None, 0.0)
    # without evidence the model's probabilities are not reported
    assert decision.offence_probability is None
    assert (decision.facts, decision.other_editions) == ({}, [])
    assert {window.offence_probability for window in decision.windows} == {None}
    assert "the ball flies on as before: nothing shows that the arm touched it" in decision.reasons


def test_an_out_of_distribution_clip_gets_no_probability(tmp_path: Path) -> None:
    truth = play(20)
    done = review(
        tmp_path, truth, review_models(truth, FakeContextModel(confidence=0.99, out_of_distribution=True))
    )
    decision = done.decision
    assert (decision.decision, decision.offence_probability, decision.facts) == (None, None, {})
    assert decision.reasons == ["unlike anything known"]
    assert decision.contact is not None
    assert (decision.contact.seen, decision.contact.segment) == (False, None)
    page = (done.folder / "review.html").read_text()
    assert "Nearest approach" in page
    assert "0.99" not in page


def test_the_most_suspicious_moment_of_a_long_clip_decides_and_the_others_are_listed(tmp_path: Path) -> None:
    far_play = [replace(frame, balls=(ball(150.0, 20.0),)) for frame in play(200)]
    truth = list(far_play)
    for index, frame in enumerate(play(20, at=10)):
        truth[120 + index] = replace(frame, index=120 + index)
    passing = replace(truth[40], balls=(ball(HAND[0] + 9, HAND[1] + 9),))
    truth[40] = passing
    predictor = FakeContextModel()
    decision = review(tmp_path, truth, review_models(truth, predictor)).decision
    assert decision.decision == "offence"
    assert decision.contact is not None
    assert abs(decision.contact.frame - 130) <= 1
    assert len(decision.windows) == 2
    assert [window.offence_probability for window in decision.windows] == [0.05, 0.95]
    assert {frames for frames, _ in predictor.calls} == {24}
    assert any("most suspicious of 2 moments" in limit for limit in decision.limits)


@pytest.mark.parametrize(
    ("size", "rate"), [((90, 160), 25.0), ((3840, 2160), 25.0), ((160, 120), 10.0), ((97, 61), 29.97)]
)
def test_any_shape_size_and_frame_rate_can_be_reviewed(
    size: tuple[int, int], rate: float, tmp_path: Path
) -> None:
    blank = [replace(frame, width=size[0], height=size[1], balls=(), persons=()) for frame in play(6, at=3)]
    source = write_clip(tmp_path / "clip.mp4", blank, rate, size)
    done = review_clip(source, tmp_path / "out", review_models(blank), EDITION, OPTIONS, no_progress)
    evidence = done.decision.stands_on
    assert (evidence.frames, evidence.frame_rate_hz) == (6, pytest.approx(rate, abs=0.01))
    shown = read_frames(done.folder / "annotated.mp4")
    assert len(shown) == 6
    high, wide = shown[0].shape[0] - STRIP_HEIGHT, shown[0].shape[1]
    assert max(high, wide) <= 1280
    assert wide / high == pytest.approx(size[0] / size[1], rel=0.03)


def test_a_truncated_clip_is_reviewed_as_far_as_it_goes_with_a_caveat(tmp_path: Path) -> None:
    truth = play(60, at=10)
    source = write_clip(tmp_path / "clip.avi", truth, codec="MJPG")
    data = source.path.read_bytes()
    source.path.write_bytes(data[: len(data) * 2 // 3])
    decision = review_clip(
        source, tmp_path / "out", review_models(truth), EDITION, OPTIONS, no_progress
    ).decision
    assert 20 < decision.stands_on.frames < 60
    assert any("damaged" in limit for limit in decision.limits)


def test_a_kill_while_drawing_leaves_no_decision_and_the_next_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = play(20)
    resize = cv2.resize
    calls = []

    def killed(*args: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 28:  # the video itself takes 20
            raise KeyboardInterrupt
        return resize(*args, **options)

    monkeypatch.setattr(cv2, "resize", killed)
    with pytest.raises(KeyboardInterrupt):
        review(tmp_path, truth)
    monkeypatch.undo()
    (folder,) = (tmp_path / "out").glob("*/ifab_2025_26")
    assert not (folder / "decision.json").exists()
    tracker = FakeTracker(truth)
    clip = Source(str(tmp_path / "clip.mp4"), "clip.mp4")
    done = review_clip(
        clip, tmp_path / "out", review_models(truth, tracker=tracker), EDITION, OPTIONS, no_progress
    )
    assert done.fresh
    assert tracker.tracked == []
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "annotated.mp4",
        "decision.json",
        "review.html",
    ]
