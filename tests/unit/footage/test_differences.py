from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from raasid.footage.records import Ball, Clip, Footage, Frame, Provenance
from raasid.footage.store import Store
from raasid.footage.version_diff import Difference, differences
from raasid.laws.edition import Ruling


def test_every_kind_of_change_is_named(tmp_path: Path) -> None:
    clips = []
    for name in "abcdef":
        image = tmp_path / f"{name}.png"
        cv2.imwrite(str(image), np.full((4, 4, 3), ord(name), np.uint8))
        clips.append(Clip(name, (Frame(0, image, 4, 4, (Ball(1, 1, 1, 1),)),), Provenance("t", match=name)))
    store = Store(tmp_path / "store")
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
    assert differences(old, new) == [
        Difference("b", "changed", ("ruling",), "no ruling -> offence"),
        Difference("c", "changed", ("media",)),
        Difference("d", "changed", ("balls",)),
        Difference("e", "removed"),
        Difference("f", "added"),
    ]
    assert differences(old, old) == []
