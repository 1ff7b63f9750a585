"""The league's boxes follow the footage's box convention."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.datasets.ball.datamodule import match_box_convention
from raasid.footage.records import Ball, Clip, Frame, Provenance, Visibility


def clip(width: int, *edges: float, visibility: Visibility = Visibility.CLEAR) -> Clip:
    frames = tuple(
        Frame(i, Path(f"{i}.jpg"), width, width, (Ball(9, 9, edge, edge, visibility),))
        for i, edge in enumerate(edges)
    )
    return Clip("c", frames, Provenance("test", match="m"))


def edges(clips: list[Clip]) -> list[float]:
    return [ball.w for one in clips for frame in one.frames for ball in frame.balls]


def test_the_median_box_becomes_as_large_relative_to_the_image_width() -> None:
    league, footage = clip(640, 3, 4, 9), clip(1920, 20, 24, 40)
    assert edges(match_box_convention([league], [footage])) == pytest.approx([6, 8, 18])


def test_only_the_size_of_boxes_changes() -> None:
    league = clip(640, 4)
    (drawn,) = match_box_convention([league], [clip(640, 8)])
    assert (drawn.frames[0].balls[0].x, drawn.frames[0].image, drawn.id) == (9, Path("0.jpg"), "c")
    assert edges([league]) == [4]


def test_footage_without_a_visible_ball_changes_nothing() -> None:
    league = clip(640, 4)
    assert match_box_convention([league], []) == [league]
    assert match_box_convention([league], [clip(640, 8, visibility=Visibility.HIDDEN)]) == [league]
