"""Processes that need the same frames at once: workers of a sweep at its start."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.datasets.frame_cache import FrameCache, Image


def test_of_two_that_need_the_same_frames_at_once_one_decodes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [tmp_path / f"{number}.png" for number in range(3)]
    for image in images:
        cv2.imwrite(str(image), np.full((90, 160, 3), 200, np.uint8))
    calls: list[int] = []
    decoded, started = FrameCache._decoded, threading.Event()

    def slowly(cache: FrameCache) -> Iterator[Image]:
        calls.append(len(cache))
        started.set()
        time.sleep(1)
        yield from decoded(cache)

    monkeypatch.setattr(FrameCache, "_decoded", slowly)
    caches: list[FrameCache] = []
    first, second = (
        threading.Thread(target=lambda: caches.append(FrameCache(images, (96, 54), tmp_path / "cache", 1.0)))
        for _ in range(2)
    )
    first.start()
    assert started.wait(30)
    second.start()
    first.join()
    second.join()
    assert calls == [3]
    assert caches[0].file == caches[1].file is not None
    assert [path.name for path in (tmp_path / "cache").glob(".*")] == []
