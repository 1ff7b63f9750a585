"""Worker process of `generate`: `python -m raasid.synthetic.render_matches ORDER`, ORDER being JSON.

It writes some matches of a league and prints the number of frames of every finished clip.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

from raasid.errors import RaasidError
from raasid.footage import coco_format
from raasid.footage.records import Clip
from raasid.io.atomic import make_folder, write_synced
from raasid.synthetic.label_clip import label_clip
from raasid.synthetic.league import League
from raasid.synthetic.render_clip import render_clip


def match_file(match: int) -> str:
    """Return the name of the file with the annotations of one match."""
    return f"match-{match:04}.json"


def render_matches(league: League, folder: Path, matches: list[int]) -> Iterator[int]:
    """Write images and annotations of some matches; yield the number of frames of each written clip."""
    for match in matches:
        clips: list[Clip] = []
        for index in range(league.clips_per_match):
            images, clip = render_clip(league, match, index)
            for image, frame in zip(images, clip.frames, strict=True):
                _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, league.jpeg_quality])
                path = folder / frame.image
                make_folder(path.parent)
                write_synced(path, data.tobytes())
            clips.append(clip)
            yield len(images)
        coco_format.write(clips, folder, match_file(match))


def label_matches(league: League, folder: Path, matches: list[int]) -> Iterator[int]:
    """Write the annotations of some matches; yield the number of frames of each clip."""
    for match in matches:
        clips: list[Clip] = []
        for index in range(league.clips_per_match):
            clips.append(label_clip(league, match, index))
            yield len(clips[-1].frames)
        coco_format.write(clips, folder, match_file(match))


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    write = {writer.__name__: writer for writer in (render_matches, label_matches)}[order["write"]]
    try:
        for frames in write(League.model_validate(order["league"]), Path(order["folder"]), order["matches"]):
            print(frames, flush=True)
    except RaasidError as error:  # `generate` shows it
        sys.exit(str(error))
