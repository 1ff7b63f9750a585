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
from staged_play import HAND, SIZE, Eyes, Rule, ball, film_of, play, quiet, read_back, reviewer

from raasid.collect.source_discovery import Source
from raasid.footage.records import Frame
from raasid.review.annotated_video import HEIGHT
from raasid.review.decision import Decision, read_decision, shipped_schema
from raasid.review.review_clip import Reviewed, Reviewer, Settings, review_clip

LAW = Settings("ifab_2025_26")


def review(folder: Path, truth: list[Frame], seen_by: Reviewer | None = None, **video: object) -> Reviewed:
    source = film_of(folder / "clip.mp4", truth, **video)  # type: ignore[arg-type]
    return review_clip(source, folder / "out", seen_by or reviewer(truth), LAW, quiet)


@pytest.fixture(scope="module")
def touched(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    return review(tmp_path_factory.mktemp("touched"), play(30, at=14))


def test_a_touch_becomes_a_decision_that_scripts_can_read(touched: Reviewed) -> None:
    told = json.loads((touched.folder / "decision.json").read_text())
    assert {key: told[key] for key in ("decision", "abstained", "edition", "restart")} == {
        "decision": "offence",
        "abstained": False,
        "edition": "ifab_2025_26",
        "restart": "direct_free_kick",
    }
    assert told["confidence"] == told["offence_probability"] == 0.95
    assert told["clause"]
    assert told["facts"]["deliberate"] == {
        "value": True,
        "probability": 0.95,
        "probabilities": {"true": 0.95, "false": 0.05},
    }
    assert told["facts"]["scored"] == {"value": None, "probability": None, "probabilities": {}}
    contact = told["contact"]
    assert (contact["person"], contact["side"], contact["segment"]) == (3, "left", "forearm")
    assert abs(contact["frame"] - 14) <= 1
    assert told["stands_on"]["frames"] == 30
    assert told["stands_on"]["ball_seen"] == 1.0
    assert set(told["models"]) == {"ball", "pose", "context"}
    assert {edition["edition"] for edition in told["other_editions"]} >= {"ifab_2018_19", "ifab_2025_26"}


def test_the_schema_that_ships_is_that_of_the_record(touched: Reviewed) -> None:
    assert shipped_schema() == json.loads(json.dumps(Decision.model_json_schema()))
    told = json.loads((touched.folder / "decision.json").read_text())
    schema = shipped_schema()
    assert set(told) == set(schema["properties"])
    assert set(schema["required"]) <= set(told)
    assert schema["additionalProperties"] is False
    assert read_decision(touched.folder) == touched.decision


def test_the_video_shows_every_frame_with_a_pause_at_the_touch(touched: Reviewed) -> None:
    images = read_back(touched.folder / "annotated.mp4")
    width, height = (side * 3 for side in SIZE)  # small footage is enlarged
    assert images[0].shape == (height + HEIGHT, width, 3)
    assert len(images) == 30 + round(1.5 * 25)
    at = touched.decision.contact.frame if touched.decision.contact else -1
    still = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(images[at + 2 :])]
    assert max(still[:30]) < 1.0 < max(still[30:])
    x, y = (round(value * 3) for value in HAND)
    hand = images[at + 5][y - 24 : y + 24, x - 24 : x + 36]
    orange = (hand[..., 2] > 170) & (hand[..., 1] > 60) & (hand[..., 1] < 170) & (hand[..., 0] < 90)
    assert orange.sum() > 50, "the arm and the brackets round the touch are orange"


def test_the_page_stands_by_itself_and_answers_first(touched: Reviewed) -> None:
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


def test_a_finished_clip_is_found_again_until_footage_models_or_law_change(tmp_path: Path) -> None:
    truth = play(12, at=6)
    source = film_of(tmp_path / "clip.mp4", truth)

    def again(seen_by: Reviewer, settings: Settings = LAW) -> bool:
        return review_clip(source, tmp_path / "out", seen_by, settings, quiet).fresh

    eyes = Eyes(truth)
    assert again(reviewer(truth, eyes=eyes))
    assert not again(reviewer(truth, eyes=eyes))
    assert len(eyes.looked) == 12
    assert again(reviewer(truth, eyes=eyes), replace(LAW, edition="ifab_2020_21"))
    assert len(eyes.looked) == 12, "another edition needs no other look"
    assert not again(reviewer(truth, eyes=eyes)), "the first edition's review is still there"
    assert again(reviewer(truth, eyes=Eyes(truth, name="eyes-2")))
    os.utime(source.path, (1, 1))
    assert again(reviewer(truth, eyes=Eyes(truth, name="eyes-2")))
    home = tmp_path / "out"
    (next(home.glob("*/2025_26")) / "annotated.mp4").unlink()
    assert again(reviewer(truth, eyes=Eyes(truth, name="eyes-2")))


def test_no_ball_no_decision(tmp_path: Path) -> None:
    done = review(tmp_path, play(10, balls=()))
    assert (done.decision.decision, done.decision.abstained, done.decision.confidence) == (None, True, 0.0)
    assert done.decision.reasons == ["no ball was seen"]
    assert done.decision.offence_probability is None
    assert len(read_back(done.folder / "annotated.mp4")) == 10
    assert "No ball was seen" in (done.folder / "review.html").read_text()


def test_no_players_no_decision(tmp_path: Path) -> None:
    assert review(tmp_path, play(10, persons=())).decision.reasons == ["no players were found"]


def test_one_frame_shows_no_motion(tmp_path: Path) -> None:
    done = review(tmp_path, play(1, at=0))
    assert done.decision.abstained
    assert done.decision.reasons[0] == "1 frame shows no motion to judge by"
    assert len(read_back(done.folder / "annotated.mp4")) >= 1


def test_a_ball_that_passes_the_arm_is_no_confident_offence(tmp_path: Path) -> None:
    """Even for a model that calls everything an offence."""
    truth = play(20)
    passing = [
        replace(frame, balls=(ball(40.0 + 7.0 * frame.index, HAND[1] + 10 - frame.index),)) for frame in truth
    ]
    decision = review(tmp_path, passing, reviewer(passing, Rule(sure=0.99, always=True))).decision
    assert decision.abstained
    assert (decision.decision, decision.confidence) == (None, 0.0)
    # what the model says has nothing to stand on: it is not passed on
    assert decision.offence_probability is None
    assert (decision.facts, decision.other_editions) == ({}, [])
    assert {window.offence_probability for window in decision.windows} == {None}
    assert "the ball flies on as before: nothing shows that the arm touched it" in decision.reasons


def test_a_clip_unlike_all_that_the_model_knows_gets_no_probability(tmp_path: Path) -> None:
    truth = play(20)
    done = review(tmp_path, truth, reviewer(truth, Rule(sure=0.99, foreign=True)))
    decision = done.decision
    assert (decision.decision, decision.offence_probability, decision.facts) == (None, None, {})
    assert decision.reasons == ["unlike anything known"]
    assert decision.contact is not None
    assert (decision.contact.seen, decision.contact.segment) == (False, None)
    page = (done.folder / "review.html").read_text()
    assert "Nearest approach" in page
    assert "0.99" not in page


def test_of_a_long_clip_the_most_suspicious_moment_decides_and_the_others_are_listed(tmp_path: Path) -> None:
    quiet_play = [replace(frame, balls=(ball(150.0, 20.0),)) for frame in play(200)]
    truth = list(quiet_play)
    for index, frame in enumerate(play(20, at=10)):
        truth[120 + index] = replace(frame, index=120 + index)
    passing = replace(truth[40], balls=(ball(HAND[0] + 9, HAND[1] + 9),))
    truth[40] = passing
    judge = Rule()
    decision = review(tmp_path, truth, reviewer(truth, judge)).decision
    assert decision.decision == "offence"
    assert decision.contact is not None
    assert abs(decision.contact.frame - 130) <= 1
    assert len(decision.windows) == 2
    assert [window.offence_probability for window in decision.windows] == [0.05, 0.95]
    assert {frames for frames, _ in judge.asked} == {24}
    assert any("most suspicious of 2 moments" in limit for limit in decision.limits)


@pytest.mark.parametrize(
    ("size", "rate"), [((90, 160), 25.0), ((3840, 2160), 25.0), ((160, 120), 10.0), ((97, 61), 29.97)]
)
def test_any_shape_size_and_frame_rate_can_be_reviewed(
    size: tuple[int, int], rate: float, tmp_path: Path
) -> None:
    blank = [replace(frame, width=size[0], height=size[1], balls=(), persons=()) for frame in play(6, at=3)]
    source = film_of(tmp_path / "clip.mp4", blank, rate, size)
    done = review_clip(source, tmp_path / "out", reviewer(blank), LAW, quiet)
    stands = done.decision.stands_on
    assert (stands.frames, stands.frame_rate_hz) == (6, pytest.approx(rate, abs=0.01))
    shown = read_back(done.folder / "annotated.mp4")
    assert len(shown) == 6
    high, wide = shown[0].shape[0] - HEIGHT, shown[0].shape[1]
    assert max(high, wide) <= 1280
    assert wide / high == pytest.approx(size[0] / size[1], rel=0.03)


def test_a_torn_clip_is_reviewed_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    truth = play(60, at=10)
    source = film_of(tmp_path / "clip.avi", truth, codec="MJPG")
    data = source.path.read_bytes()
    source.path.write_bytes(data[: len(data) * 2 // 3])
    decision = review_clip(source, tmp_path / "out", reviewer(truth), LAW, quiet).decision
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
        if len(calls) == 28:  # the film itself takes 20
            raise KeyboardInterrupt
        return resize(*args, **options)

    monkeypatch.setattr(cv2, "resize", killed)
    with pytest.raises(KeyboardInterrupt):
        review(tmp_path, truth)
    monkeypatch.undo()
    (folder,) = (tmp_path / "out").glob("*/2025_26")
    assert not (folder / "decision.json").exists()
    eyes = Eyes(truth)
    clip = Source(str(tmp_path / "clip.mp4"), "clip.mp4")
    done = review_clip(clip, tmp_path / "out", reviewer(truth, eyes=eyes), LAW, quiet)
    assert done.fresh
    assert eyes.looked == []
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "annotated.mp4",
        "decision.json",
        "review.html",
    ]
