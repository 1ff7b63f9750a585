"""A YOLO set of a few bytes, made in the test that needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from label_files import write_image

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
