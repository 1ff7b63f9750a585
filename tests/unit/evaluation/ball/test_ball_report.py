from __future__ import annotations

import dataclasses
import re

import cv2
import numpy as np
import pytest
from report_elements import Elements

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.ball.report import PAGE
from raasid.evaluation.ball.result import BallResult, evaluate_ball
from raasid.evaluation.report_page import write_report
from raasid.footage.records import Ball, Frame
from raasid.models.ball.module import Detections

CSV = "step,epoch,train/loss,val/detection_rate\n0,0,2.0,\n10,0,1.0,\n10,0,,0.5\n20,1,nan,\n20,1,,0.75\n"
FOUND = {"hit": (100, 90), "mislocated": (300, 150), "unwanted": (20, 20), "miss": None}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A hit, a mislocated, an unwanted and a missed ball, on grass."""
    folder = tmp_path_factory.mktemp("frames")
    refs, detections = [], []
    for i, (name, position) in enumerate(FOUND.items()):
        image = np.full((288, 512, 3), (60, 140, 60), np.uint8)
        cv2.circle(image, (100, 90), 5, (255, 255, 255), -1)
        cv2.imwrite(str(folder / f"{name}.jpg"), image)
        balls = () if name == "unwanted" else (Ball(100, 90, 10, 10),)
        refs.append(
            FrameRef(f"clip <{name}>", f"match {i}", Frame(7, folder / f"{name}.jpg", 512, 288, balls))
        )
        xy = np.array([position] if position else [], np.float32).reshape(-1, 2)
        detections.append(Detections(xy, np.full_like(xy, 10), np.full(len(xy), 0.9, np.float32)))
    return evaluate_ball(refs, detections, threshold=0.5)


@pytest.fixture
def write(tmp_path, result):
    def page(**changes):
        csv = tmp_path / "metrics.csv"
        csv.write_text(CSV)
        options = {
            "result": result,
            "metrics_csv": csv,
            "config_yaml": "model:\n  channels: 32",
            "left_out": [("img_7.jpg", "truncated JPEG")],
            "facts": {"torch": "2.13.0"},
        } | changes
        return write_report(PAGE, tmp_path, "Ball <1>", **options).read_text()

    return page


def test_the_ball_report_is_self_contained(write):
    page = write()
    elements = Elements(page)
    assert elements.open == []
    assert elements.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in elements.addresses)
    assert not {"script", "link", "iframe"} & set(elements.seen)
    assert not re.search(r"https?://|@import|url\(", page)


def test_the_answer_comes_before_images_numbers_and_configuration(write):
    page = write()
    order = [
        "Finds the ball in",
        "detection rate",
        "Examples",
        "Training curves",
        "Other thresholds",
        "Where it is weak",
        "What was left out",
        "Configuration",
        "Environment",
    ]
    positions = [page.index(words) for words in order]
    assert positions == sorted(positions)
    for detail in ("33.3 %", "img_7.jpg", "truncated JPEG", "channels: 32", "2.13.0", "Ball &lt;1&gt;"):
        assert detail in page


def test_each_kind_of_outcome_is_shown_with_its_boxes(write):
    page = write()
    # Whole frame and crops, of which the mislocated one has two; a box is a halo and a line.
    for name, images, boxes in (("hit", 2, 4), ("mislocated", 3, 6), ("unwanted", 2, 2), ("miss", 2, 2)):
        figure = next(
            f for f in re.findall(r"<figure>.*?</figure>", page, re.S) if f"clip &lt;{name}&gt;</b>" in f
        )
        assert figure.count("<image ") == images, name
        assert figure.count("<rect ") >= 2 * boxes, name
        assert ("stroke-dasharray" in figure) == (name != "miss"), name


def test_a_frame_that_cannot_be_read_is_named_instead(write, result, tmp_path):
    lost = dataclasses.replace(result.outcomes[0], image=tmp_path / "gone.jpg")
    page = write(result=dataclasses.replace(result, outcomes=[lost]))
    assert "gone.jpg cannot be read" in page


def test_a_result_without_images_or_training_has_a_report(write, result):
    page = write(result=BallResult.from_json(result.to_json()), metrics_csv=None, left_out=[])
    assert "Examples" not in page
    assert "Training curves" not in page
    assert "every sample could be read" in page


def test_an_undefined_detection_rate_is_stated(write):
    page = write(result=evaluate_ball([], [], threshold=0.5))
    assert "detection rate is undefined" in page
    assert not re.search(r">\s*nan\b", page)


def test_a_report_of_forty_eight_images_is_below_three_megabytes(write, tmp_path):
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.integers(0, 255, (1080, 1920, 3), np.uint8), (0, 0), 2)
    cv2.imwrite(str(tmp_path / "stand.jpg"), noise)
    refs = [
        FrameRef("c", "m", Frame(i, tmp_path / "stand.jpg", 1920, 1080, (Ball(900, 500, 14, 14),) * (i < 36)))
        for i in range(48)
    ]
    positions = [(900, 500)] * 12 + [(100, 100)] * 12 + [None] * 12 + [(100, 100)] * 12
    detections = [
        Detections.empty()
        if position is None
        else Detections(np.float32([position]), np.float32([(14, 14)]), np.float32([0.9]))
        for position in positions
    ]
    page = write(result=evaluate_ball(refs, detections, threshold=0.5))
    assert page.count("<figcaption>") == 48
    assert len(page) < 3e6
