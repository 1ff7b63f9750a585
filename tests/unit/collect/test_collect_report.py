from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from raasid.collect.report import write_report
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import AnnotationSource, Clip, Footage, Frame, Keypoint, Person, Provenance
from raasid.validation.types import Finding


def person(track: int, reach: float) -> Person:
    points: list[Keypoint] = [(40.0, 30.0 + number, 2) for number in range(17)]
    points[9] = (40.0 + reach, 35.0, 2)
    mark = AnnotationSource("model/1", 0.9)
    return Person(track, "player", (30, 20, 20, 40), keypoints=tuple(points), source=mark)


def test_the_page_shows_people_with_visible_arms_first_and_the_problems(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((120, 200, 3), 90, np.uint8))
    frames = tuple(
        Frame(index, tmp_path / "a.jpg", 200, 120, persons=(person(1, 4.0), person(2, 20.0)))
        for index in (0, 5)
    )
    clip = Clip("clip<1>", frames, Provenance("test", match="derby & cup"), facts={"source_codec": "h264"})
    left_out = Quarantine()
    left_out.add("torn.mp4", "no video: it cannot be opened")
    finding = Finding("blurred", clip.id, 0, "frame 0 is blurred")
    page = write_report(
        tmp_path / "r.html", "footage@1", Footage([clip], {}, left_out), [finding]
    ).read_text()
    for part in (
        "<b>4</b> people",
        "<b>4</b> of them with joints",
        "derby &amp; cup",
        "clip&lt;1&gt;",
        "h264",
    ):
        assert part in page
    for part in ("torn.mp4", "blurred: 1", "frame 0 is blurred"):
        assert part in page
    assert page.index("person 2, confidence 0.90") < page.index("person 1, confidence 0.90")
    assert page.count("person 2, confidence") == 1, "one close-up a person"


def test_a_page_without_people_or_images_is_complete(tmp_path: Path) -> None:
    clip = Clip("c", (Frame(0, tmp_path / "gone.jpg", 200, 120),), Provenance("test"))
    page = write_report(tmp_path / "r.html", "footage@1", Footage([clip]), []).read_text()
    assert "Close up" not in page
    assert "Nothing: every source could be read" in page
