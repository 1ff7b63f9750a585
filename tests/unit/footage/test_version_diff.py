from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from raasid.footage.records import Ball, Clip, Footage, Frame, Provenance
from raasid.footage.store import DatasetStore
from raasid.footage.version import ClipDifference, diff_versions
from raasid.laws.edition import Ruling


def test_every_kind_of_change_is_named(tmp_path: Path) -> None:
    clips = []
    for name in "abcdef":
        image = tmp_path / f"{name}.png"
        cv2.imwrite(str(image), np.full((4, 4, 3), ord(name), np.uint8))
        clips.append(Clip(name, (Frame(0, image, 4, 4, (Ball(1, 1, 1, 1),)),), Provenance("t", match=name)))
    store = DatasetStore(tmp_path / "store")
    old = store.add("x", Footage(clips[:5]), made_by="t")
    a, b, c, d = clips[:4]
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((4, 4, 3), np.uint8))
    changed = [
        a,
        replace(b, ruling=Ruling("offence")),
        c,
        replace(d, frames=(replace(d.frames[0], balls=()),)),
        clips[5],
    ]
    new = store.add("x", Footage(changed), made_by="t")
    assert diff_versions(old, new) == [
        ClipDifference("b", "changed", ("ruling",), "no ruling -> offence"),
        ClipDifference("c", "changed", ("media",)),
        ClipDifference("d", "changed", ("balls",)),
        ClipDifference("e", "removed"),
        ClipDifference("f", "added"),
    ]
    assert diff_versions(old, old) == []
