"""From decoded frames to clips: which clip a frame belongs to, and whether it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from raasid.data.collect.scene import SceneCuts
from raasid.data.collect.settings import CollectSettings
from raasid.data.media import Image


@dataclass(frozen=True, slots=True)
class Taken:
    """One decoded frame."""

    clip: int
    start: int
    """Frame of the source with which the clip begins."""
    index: int
    """Of the frame, within its clip."""
    keep: bool
    image: Image


def cut(images: Iterable[Image], frame_rate_hz: float, settings: CollectSettings) -> Iterator[Taken]:
    """Yield every frame with its place; holds one picture at a time.

    A clip ends at a change of scene, or when it is `clip_s` long. Its first frame is kept, and then
    `rate_hz` of each second.
    """
    cuts = SceneCuts(settings.scene_cut)
    longest = max(1, round(settings.clip_s * frame_rate_hz))
    rate = min(settings.rate_hz or frame_rate_hz, frame_rate_hz)
    clip, start = 0, 0
    for position, image in enumerate(images):
        is_cut = cuts.starts(image)
        if position and (is_cut or position - start >= longest):
            clip, start = clip + 1, position
        index = position - start
        keep = index == 0 or int(index * rate / frame_rate_hz) > int((index - 1) * rate / frame_rate_hz)
        yield Taken(clip, start, index, keep, image)
