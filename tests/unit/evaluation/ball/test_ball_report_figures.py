from __future__ import annotations

from pathlib import Path

import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.ball.matched import OutcomeType, match_frames
from raasid.evaluation.ball.report import select_examples
from raasid.footage.records import Ball, Frame
from raasid.models.ball.module import Detections


def outcomes(scores, clips):
    refs = [FrameRef(clip, "m", Frame(i, Path("x.jpg"), 512, 288)) for i, clip in enumerate(clips)]
    found = [Detections(np.ones((1, 2), "f4"), np.ones((1, 2), "f4"), np.array([s], "f4")) for s in scores]
    return match_frames(refs, found, 0.0)


def test_errors_alternate_between_clips_by_confidence():
    frames = outcomes([0.9, 0.8, 0.7, 0.6], ["a", "a", "b", "a"])
    assert [o.index for o in select_examples(frames, OutcomeType.UNWANTED, 3)] == [0, 2, 1]


def test_misses_begin_with_the_largest_ball():
    refs = [
        FrameRef("c", "m", Frame(i, Path("x.jpg"), 512, 288, (Ball(9, 9, w, w),)))
        for i, w in enumerate((5, 9, 7))
    ]
    frames = match_frames(refs, [Detections.empty()] * 3, 0.5)
    assert [o.index for o in select_examples(frames, OutcomeType.MISS, 12)] == [1, 2, 0]


def test_hits_are_in_order_of_rising_confidence():
    refs = [FrameRef("c", "m", Frame(i, Path("x.jpg"), 512, 288, (Ball(1, 1, 9, 9),))) for i in range(10)]
    found = [
        Detections(np.ones((1, 2), "f4"), np.ones((1, 2), "f4"), np.array([i / 10], "f4")) for i in range(10)
    ]
    assert [o.index for o in select_examples(match_frames(refs, found, 0.0), OutcomeType.HIT, 4)] == [
        0,
        3,
        6,
        9,
    ]
    assert select_examples([], OutcomeType.HIT, 4) == []
