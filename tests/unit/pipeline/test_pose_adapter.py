from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from raasid.datasets.sample_meta import FrameRef
from raasid.errors import UsageError
from raasid.footage.records import Frame, Person
from raasid.models.pose.poses import People
from raasid.pipeline.adapters.pose import ADAPTER


def standing(x):
    return tuple((x + 3.0 * (k % 3), 100.0 + 5 * k, 2) for k in range(17))


def callback(*scores):
    """One frame with one person, predicted once for each score; the first prediction alone is correct."""
    person = Person(0, "player", (95.0, 95.0, 20.0, 95.0), keypoints=standing(100.0))
    points = np.array([standing(100.0 + 200 * k) for k in range(len(scores))], np.float32)
    boxes = np.array([(95 + 200 * k, 95, 115 + 200 * k, 190) for k in range(len(scores))], np.float32)
    people = People(boxes, np.array(scores, np.float32), points)
    ref = FrameRef("c", "m", Frame(0, None, 640, 360, persons=(person,)))  # type: ignore[arg-type]
    at = People(boxes[:1], people.score[:1], points[:1])
    return SimpleNamespace(frames=[ref], predictions=[(people, at)], timing=None)


def test_people_below_a_threshold_are_dropped_and_without_one_none_are():
    all_people = ADAPTER.compute_metrics(callback(0.5, 0.9), None, None, None)
    confident = ADAPTER.compute_metrics(callback(0.5, 0.9), None, None, 0.6)
    assert all_people["AP50"].value == pytest.approx(0.5)
    assert confident["AP50"].value == 0.0
    assert confident["mAP_at_truth"].value == pytest.approx(1.0)
    assert ADAPTER.compute_metrics(callback(0.9, 0.5), None, None, 0.6)["mAP"].value == pytest.approx(1.0)


def test_size_and_scale_are_inherited_unless_a_size_is_set():
    trained = {"size": [640, 360], "eval_scale": 1.125}
    config = SimpleNamespace(size=None, eval_scale=None)
    assert ADAPTER.inherit_data_config(config, trained) == {"size": (640, 360), "eval_scale": 1.125}
    config = SimpleNamespace(size=(960, 544), eval_scale=None)
    assert ADAPTER.inherit_data_config(config, trained) == {"size": (960, 544), "eval_scale": 1.0}


def test_a_model_that_was_not_trained_needs_a_size():
    with pytest.raises(UsageError, match=r"data\.size"):
        ADAPTER.inherit_data_config(SimpleNamespace(size=None, eval_scale=None), {})
    assert ADAPTER.inherit_data_config(SimpleNamespace(size=(640, 360), eval_scale=None), {})["size"] == (
        640,
        360,
    )
