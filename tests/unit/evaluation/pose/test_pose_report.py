from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from report_elements import Elements

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.pose.report import PAGE, example_groups, select_examples
from raasid.evaluation.pose.result import PoseResult, evaluate_pose
from raasid.evaluation.report_page import write_report
from raasid.footage.records import Frame, Person
from raasid.models.pose.poses import People
from raasid.tasks import TASKS

X = np.array([0, 1, -1, 2, -2, 6, -6, 9, -9, 10, -10, 4, -4, 5, -5, 5, -5], float)
Y = np.array([5, 4, 4, 5, 5, 10, 10, 18, 18, 25, 25, 26, 26, 38, 38, 49, 49], float)


def player(x, y=100.0, track=0):
    points = tuple((x + dx, y + dy, 2) for dx, dy in zip(X, Y, strict=True))
    return Person(track, "player", (x - 12.0, y, 24.0, 50.0), keypoints=points)


def predicted(*persons, scores=None):
    boxes = [(p.box[0], p.box[1], p.box[0] + p.box[2], p.box[1] + p.box[3]) for p in persons]
    points = np.array([p.keypoints for p in persons], np.float32).reshape(-1, 17, 3)
    score = np.linspace(0.9, 0.6, len(persons)) if scores is None else scores
    return People(np.array(boxes, np.float32).reshape(-1, 4), np.array(score, np.float32), points)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Two players, one of them found; one false person; one wrist with a large error."""
    folder = tmp_path_factory.mktemp("frames")
    refs, own, at = [], [], []
    for k in range(3):
        cv2.imwrite(str(folder / f"{k}.jpg"), np.full((288, 512, 3), (60, 140, 60), np.uint8))
        image = folder / (f"{k}.jpg" if k else "gone.jpg")
        persons = (player(100.0), player(250.0, track=1))
        refs.append(FrameRef(f"clip <{k}>", f"match {k}", Frame(7, image, 512, 288, persons=persons)))
        own.append(predicted(player(100.0), player(400.0)))
        off = predicted(*persons)
        off.keypoints[1, 10, :2] += 40.0
        at.append(off)
    return evaluate_pose(refs, own, at)


@pytest.fixture(scope="module")
def page(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    given = {"metrics_csv": None, "config_yaml": "a: 1", "left_out": [], "facts": {}}
    return write_report(PAGE, folder, "Pose <1>", result, **given).read_text()


def test_the_page_is_well_formed_and_self_contained(page):
    elements = Elements(page)
    assert elements.open == []
    assert "Pose &lt;1&gt;" in page
    assert not re.search(r'(src|href)="https?:', page)


def test_examples_are_grouped_by_outcome(result):
    groups = {title: found for title, _, found in example_groups(result.outcomes)}
    assert {title: len(found) for title, found in groups.items()} == {
        "Least similar": 6, "Not found": 3, "Wrong": 3, "Most similar": 6,
    }  # fmt: skip
    worst, best = select_examples(groups["Least similar"])[0], select_examples(groups["Most similar"])[0]
    assert worst.box[0] == 238.0
    assert "right wrist 57 px off" in worst.caption
    assert (best.box[0], best.caption[:8]) == (88.0, "OKS 1.00")
    assert [crop.caption for crop in select_examples(groups["Wrong"])] == ["score 0.60"] * 3


def test_each_example_shows_ground_truth_and_prediction(page):
    figures = [f for f in re.findall(r"<figure>.*?</figure>", page, re.S) if "frame 7" in f]
    assert len(figures) == 12  # frames whose file is missing have a message
    assert all(figure.count("<image") == 2 for figure in figures)
    assert page.count("gone.jpg") >= 3
    missed = next(figure for figure in figures if "50 px tall" in figure)
    left, right = missed.split("<image")[1:]
    assert "stroke-dasharray" not in left
    assert "stroke-dasharray" in right


def test_every_joint_has_a_row(page):
    rows = dict(re.findall(r"<tr><td>([a-z ]+)</td>.*?>([\d.]+)</td></tr>", page))
    assert rows["right wrist"] == "0.500"
    assert rows["left ankle"] == "1.000"
    assert len([name for name in rows if name.split()[-1] in {"nose", "wrist", "ankle", "hip"}]) == 7


def test_every_metric_is_explained(result):
    times = {"inference_time_p50", "inference_time_p95"}
    assert set(result.estimates) | times == TASKS["pose"].meanings.keys()


def test_a_result_without_images_or_people_has_a_page(result, tmp_path):
    again = PoseResult.from_json(result.to_json())
    given = {"metrics_csv": None, "config_yaml": "", "left_out": [], "facts": {}}
    assert "AP50 of" in write_report(PAGE, tmp_path, "Pose", again, **given).read_text()
    empty = evaluate_pose([FrameRef("c", "m", Frame(0, tmp_path, 9, 9))], [predicted()], [predicted()])
    text = write_report(PAGE, tmp_path, "Pose", empty, **given).read_text()
    assert "the accuracy is undefined" in text
