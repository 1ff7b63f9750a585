"""Frames with the metadata of their clips: all that evaluating a prediction needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from raasid.footage.records import Clip, Frame, Tags


@dataclass(frozen=True, slots=True)
class FrameRef:
    """One frame, detached from its clip so that it can travel between processes."""

    clip: str
    match: str
    frame: Frame
    frame_rate_hz: float = 25.0
    clip_tags: Tags = ()

    @property
    def key(self) -> tuple[str, int]:
        """Identity of a frame across processes."""
        return self.clip, self.frame.index

    @property
    def tags(self) -> Tags:
        """Tags of the clip and of the frame, each once."""
        return tuple(dict.fromkeys(self.clip_tags + self.frame.tags))

    @classmethod
    def of(cls, clip: Clip) -> Iterator[FrameRef]:
        """Yield every frame of a clip."""
        for frame in clip.frames:
            yield cls(clip.id, clip.match, frame, clip.frame_rate_hz, clip.tags)
