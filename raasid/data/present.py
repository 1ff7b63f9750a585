"""Footage without the frames whose files are not there: labels alone cannot be trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raasid.data.footage import Footage
from raasid.errors import NoUsableSamples


def with_pixels(footage: Footage) -> Footage:
    """Leave out frames whose image or video is missing, and clips that lose all frames; a note says so.

    Raises NoUsableSamples when no frame is left.
    """
    there: dict[Path, bool] = {}
    clips, missing = [], 0
    for clip in footage.clips:
        for frame in clip.frames:
            if frame.image not in there:
                there[frame.image] = frame.image.is_file()
        kept = tuple(frame for frame in clip.frames if there[frame.image])
        missing += len(clip.frames) - len(kept)
        if kept:
            clips.append(clip if len(kept) == len(clip.frames) else replace(clip, frames=kept))
    if not missing:
        return footage
    absent = next(path for path, is_there in there.items() if not is_there)
    what = f"{missing} of {missing + sum(len(clip.frames) for clip in clips)} frames have no file"
    if not clips:
        raise NoUsableSamples(absent.parent, f"{what}, such as {absent.name}")
    ids = {clip.id for clip in clips}
    splits = {split: [clip for clip in listed if clip in ids] for split, listed in footage.splits.items()}
    return Footage(clips, splits, footage.left_out, (*footage.notes, f"{what}, such as {absent}; left out"))
