"""COCO keypoints and boxes: `annotations.json` beside `images/`, without any key of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raasid.footage import coco_format
from raasid.footage.formats.export_media import place
from raasid.footage.records import Footage, Frame


def write_coco(footage: Footage, folder: Path) -> int:
    """Write images and annotations; ids of images and annotations count from 1 in the footage's order.

    The file is COCO video JSON: tools that know images alone find them, others find `videos` as well.
    Source: COCO data format (cocodataset.org).
    """
    frames: dict[str, list[Frame]] = {clip.id: [] for clip in footage.clips}
    count = 0
    for placed in place(footage, folder, "images"):
        frames[placed.clip.id].append(
            replace(placed.frame, image=Path("images", placed.name), in_video=False)
        )
        count += 1
    clips = [replace(clip, frames=tuple(frames[clip.id])) for clip in footage.clips if frames[clip.id]]
    coco_format.write(clips, folder)
    return count
