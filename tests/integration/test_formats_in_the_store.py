from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.config.compose import compose
from raasid.datasets.factory import open_footage
from raasid.footage.formats import IMPORT_FORMATS
from raasid.footage.store import DatasetStore, media_names
from raasid.pipeline.verb_configs import ImportConfig

SAMPLES = {
    "yolo": "yolo/pose",
    "soccernet_tracking": "snmot",
}
"""Folders of samples that are not named after their format."""


def sample(name: str, shared: Path, tmp_path: Path) -> Path:
    """The sample's folder; YOLO's gets the image of its label."""
    folder = shared / "data/formats" / SAMPLES.get(name, name)
    if name != "yolo":
        return folder
    root = tmp_path / "yolo"
    for kind in ("images", "labels"):
        (root / kind / "train").mkdir(parents=True)
    label = folder / "000000000785.txt"
    (root / "labels/train" / label.name).write_bytes(label.read_bytes())
    (root / "data.yaml").write_bytes((folder / "data.yaml").read_bytes())
    cv2.imwrite(str(root / "images/train/000000000785.png"), np.zeros((425, 640, 3), np.uint8))
    return root


@pytest.mark.parametrize("name", IMPORT_FORMATS)
def test_footage_comes_back_unchanged_from_the_store(name: str, shared: Path, tmp_path: Path) -> None:
    words = [f"data={name}", f"data.root={sample(name, shared, tmp_path)}", "name=x"]
    words += ["data.ball_class=null"] if name == "yolo" else []
    cfg = compose("import", ImportConfig, words)
    footage = open_footage(cfg.data, tmp_path / "data")
    assert footage.clips
    version = DatasetStore(tmp_path / "store").add("x", footage, made_by="a test")

    names = media_names([frame.image for clip in footage.clips for frame in clip.frames])
    expected = [
        replace(clip, frames=tuple(replace(f, image=version.folder / names[f.image]) for f in clip.frames))
        for clip in sorted(footage.clips, key=lambda clip: clip.id)
    ]
    assert version.footage().clips == expected
    assert version.footage().splits == {split: sorted(ids) for split, ids in footage.splits.items()}
