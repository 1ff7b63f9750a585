from __future__ import annotations

from ball_footage import ball, found, frame, league

from raasid.evaluation.ball.matched import match_frames
from raasid.evaluation.ball.metrics import slice_metrics as slices


def test_every_tag_and_every_match_is_a_slice_with_its_counts():
    parts = {(part.by, part.name): part for part in slices(match_frames(*league(4, 10), 0.5), seed=0)}
    assert set(parts) == {("tag", "day"), ("tag", "night"), *(("match", f"m{i}") for i in range(4))}
    assert parts["tag", "night"].counts == {"frames": 20, "with ball": 14, "matches": 2}
    assert parts["tag", "night"].estimates["detection_rate"].unit == "match"
    assert parts["match", "m0"].estimates["detection_rate"].unit == "frame"


def test_a_frame_counts_in_each_of_its_tags_and_once_in_its_match():
    refs = [frame(0, [ball(50, 50)], tags=("rain", "night", "rain")), frame(1, tags=("night",))]
    outcomes = match_frames(refs, [found((50, 50, 0.9)), found((9, 9, 0.9))], 0.5)
    parts = {part.name: part for part in slices(outcomes, seed=0)}
    assert {name: (part.counts["frames"], part.counts["with ball"]) for name, part in parts.items()} == {
        "m1": (2, 1),
        "night": (2, 1),
        "rain": (1, 1),
    }
    assert parts["rain"].estimates["false_positives"].value == 0
    assert parts["night"].estimates["false_positives"].value == 0.5
