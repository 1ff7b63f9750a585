"""A YOLO dataset of a few bytes, made in the test that needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from label_files import write_image

from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import (
    AnnotationSource,
    Ball,
    Clip,
    Footage,
    Frame,
    Person,
    Provenance,
    Visibility,
)

BallSet = Callable[..., Path]


@pytest.fixture
def ball_set(tmp_path: Path) -> BallSet:
    """Write {relative image path: label text, or None for no label file} and a data.yaml; return the root."""

    def build(
        images: dict[str, str | bytes | None],
        sheet: str | None = "train: images/train\nnames: [ball, player]\n",
    ) -> Path:
        root = tmp_path / "set"
        root.mkdir(exist_ok=True)
        if sheet is not None:
            (root / "data.yaml").write_text(sheet)
        for name, label in images.items():
            path = write_image(root / name)
            if label is not None:
                text = Path(str(path).replace("/images/", "/labels/")).with_suffix(".txt")
                text.parent.mkdir(parents=True, exist_ok=True)
                text.write_bytes(label.encode() if isinstance(label, str) else label)
        return root

    return build


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    """A clip of two images and one of two video frames; balls of every visibility, persons with keypoints."""
    media = tmp_path / "media"
    media.mkdir()
    for index in range(2):
        cv2.imwrite(str(media / f"{index}.png"), np.full((48, 64, 3), 90 + index, np.uint8))
    video = media / "clip.avi"
    out = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for level in range(4):
        out.write(np.full((48, 64, 3), 40 * level, np.uint8))
    out.release()
    points = tuple((10.0 + i, 5.0 + i, (2, 1, 0)[i % 3]) for i in range(NUM_KEYPOINTS))
    persons = (
        Person(3, "player", (8.0, 4.0, 20.0, 30.0), "home", points, jersey="7"),
        Person(4, "referee", (50.0, 10.0, 30.0, 20.0), source=AnnotationSource("model/1", 0.5)),
    )
    shown = (Ball(30.0, 20.0, 6.0, 6.0), Ball(5.0, 5.0, 0.0, 0.0, Visibility.PARTLY))
    hidden = (Ball(30.0, 20.0, 6.0, 6.0, Visibility.HIDDEN),)
    stills = tuple(
        Frame(i, media / f"{i}.png", 64, 48, balls, persons) for i, balls in enumerate((shown, hidden))
    )
    moving = tuple(Frame(i, video, 0, 0, shown, in_video=True) for i in (1, 3))
    clips = [
        Clip("Cup/final 1", stills, Provenance("test", match="final")),
        Clip("v", moving, Provenance("test", match="derby")),
    ]
    return Footage(clips, {"train": ["Cup/final 1"], "val": ["v"]})
