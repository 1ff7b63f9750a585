"""A YOLO set of a few bytes, made in the test that needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

BallSet = Callable[..., Path]


def write_image(path: Path, width: int = 200, height: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))
    return path


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
