from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from raasid.datasets.sample_meta import FrameRef
from raasid.errors import UsageError
from raasid.footage.records import Frame, Person
from raasid.models.pose.poses import People
from raasid.pipeline.adapters.pose import PLAN


def standing(x):
    return tuple((x + 3.0 * (k % 3), 100.0 + 5 * k, 2) for k in range(17))


def watcher(*scores):
    """One frame with one person, who is said once for each score; only the first time in the right place."""
    person = Person(0, "player", (95.0, 95.0, 20.0, 95.0), keypoints=standing(100.0))
    points = np.array([standing(100.0 + 200 * k) for k in range(len(scores))], np.float32)
    boxes = np.array([(95 + 200 * k, 95, 115 + 200 * k, 190) for k in range(len(scores))], np.float32)
    people = People(boxes, np.array(scores, np.float32), points)
    ref = FrameRef("c", "m", Frame(0, None, 640, 360, persons=(person,)))  # type: ignore[arg-type]
    at = People(boxes[:1], people.score[:1], points[:1])
    return SimpleNamespace(frames=[ref], said=[(people, at)], timing=None)


def test_people_below_a_threshold_are_left_out_and_without_one_nobody_is():
    everybody = PLAN.judge(watcher(0.5, 0.9), None, None, None)
    sure = PLAN.judge(watcher(0.5, 0.9), None, None, 0.6)
    assert everybody["AP50"].value == pytest.approx(0.5)
    assert sure["AP50"].value == 0.0
    assert sure["mAP_at_truth"].value == pytest.approx(1.0)
    assert PLAN.judge(watcher(0.9, 0.5), None, None, 0.6)["mAP"].value == pytest.approx(1.0)


def test_a_checkpoint_brings_its_size_and_scale_unless_another_is_asked_for():
    trained = {"size": [640, 360], "eval_scale": 1.125}
    asked = SimpleNamespace(size=None, eval_scale=None)
    assert PLAN.as_trained(asked, trained) == {"size": (640, 360), "eval_scale": 1.125}
    asked = SimpleNamespace(size=(960, 544), eval_scale=None)
    assert PLAN.as_trained(asked, trained) == {"size": (960, 544), "eval_scale": 1.0}


def test_a_model_that_was_not_trained_needs_a_size():
    with pytest.raises(UsageError, match=r"data\.size"):
        PLAN.as_trained(SimpleNamespace(size=None, eval_scale=None), {})
    assert PLAN.as_trained(SimpleNamespace(size=(640, 360), eval_scale=None), {})["size"] == (640, 360)
