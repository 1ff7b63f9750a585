from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from raasid.footage.records import AnnotationSource, Ball, Frame, Person, Visibility
from raasid.reports.frame_figure import FRAME_KEY, frame_figure

GRASS = np.full((90, 160, 3), (60, 120, 60), np.uint8)
POINTS = tuple((10.0 + 2 * i, 20.0 + i, 2) for i in range(17))


def frame(*balls: Ball, persons: tuple[Person, ...] = ()) -> Frame:
    return Frame(3, Path("a.jpg"), 160, 90, balls, persons)


def views(figure: str) -> list[ET.Element]:
    return list(ET.fromstring(figure).findall("svg/svg"))


def test_a_figure_is_well_formed_and_self_contained() -> None:
    drawn = frame(Ball(40, 40, 6, 6), persons=(Person(0, "player", (5, 10, 40, 60), keypoints=POINTS),))
    figure = frame_figure(GRASS, drawn, "a <b>caption</b>", focus=(37, 37, 6, 6))
    assert ET.fromstring(figure).tag == "figure"
    assert "http" not in figure
    assert ET.fromstring(f"<p>{FRAME_KEY}</p>") is not None


def test_a_focus_is_enlarged_next_to_the_whole_frame() -> None:
    assert len(views(frame_figure(GRASS, frame(), "", focus=(37, 37, 6, 6)))) == 2
    assert len(views(frame_figure(GRASS, frame(), ""))) == 1


@pytest.mark.parametrize("focus", [(math.nan, 0, 5, 5), (1e9, 0, 5, 5), (0, 0, 160, 90)])
def test_a_focus_outside_or_as_large_as_the_frame_is_not_enlarged(
    focus: tuple[float, float, float, float],
) -> None:
    assert len(views(frame_figure(GRASS, frame(), "", focus=focus))) == 1


def test_coordinates_are_the_frames_even_if_the_image_is_smaller() -> None:
    half = frame_figure(GRASS[::2, ::2].copy(), frame(Ball(80, 45, 8, 8)), "", width=160)
    rect = views(half)[0].find("rect")
    assert rect is not None
    assert (float(rect.attrib["x"]), float(rect.attrib["y"])) == (76.0, 41.0)


def test_unreviewed_annotations_are_dashed() -> None:
    unreviewed = frame_figure(GRASS, frame(Ball(40, 40, 6, 6, source=AnnotationSource("m", 0.5))), "")
    reviewed = frame_figure(
        GRASS, frame(Ball(40, 40, 6, 6, source=AnnotationSource("m", 0.5, reviewed=True))), ""
    )
    assert "stroke-dasharray" in unreviewed
    assert "stroke-dasharray" not in reviewed


def test_absent_and_non_finite_annotations_are_not_drawn() -> None:
    empty = frame_figure(GRASS, frame(), "")
    lost = Person(0, "player", (math.nan, 0, 1, 1), keypoints=((math.nan, 1.0, 2),) * 17)
    drawn = frame(
        Ball(0, 0, 0, 0, Visibility.ABSENT), Ball(math.nan, 1, 1, 1), Ball(1, 1, math.inf, 1), persons=(lost,)
    )
    assert frame_figure(GRASS, drawn, "") == empty


def test_a_frame_without_a_size_has_that_of_the_image() -> None:
    unsized = Frame(0, Path("a.jpg"), 0, 0, (Ball(80, 45, 8, 8),))
    assert 'viewBox="0 0 340 191.2"' in frame_figure(GRASS, unsized, "")
