"""A film of play with touches, from the synthetic league; or another one, repeated to a length.

Last line of stdout: JSON with the path and the number of frames.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from raasid.synthetic.generate import generate
from raasid.synthetic.league import League

LEAGUE = League(matches=2, clips_per_match=4, frames_per_clip=20, stride=1, scenario_share=1.0, seed=7)


def images(source: Path | None, folder: Path) -> list[Any]:
    """All pictures of a video; without one, of a league's clips one after the other."""
    if source is None:
        files = [frame.image for clip in generate(LEAGUE, folder) for frame in clip.frames]
        return [cv2.imread(str(file)) for file in files]
    capture, found = cv2.VideoCapture(str(source)), []
    while (read := capture.read())[0]:
        found.append(read[1])
    return found


def there_and_back(pictures: list[Any]) -> Iterator[Any]:
    """The film forwards, then backwards, and so on: no cut where it begins again."""
    return cycle([*pictures, *pictures[-2:0:-1]])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="for the league and the film")
    parser.add_argument("--source", type=Path)
    parser.add_argument("--frames", type=int, required=True)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    name = args.source.stem if args.source else f"league-{LEAGUE.digest()[:8]}"
    film = args.folder / f"{name}-{args.frames}.mp4"
    if not film.exists():
        pictures = images(args.source, args.folder)
        height, width = pictures[0].shape[:2]
        draft = film.with_name(f".{film.name}")
        writer = cv2.VideoWriter(str(draft), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (width, height))
        for picture in islice(there_and_back(pictures), args.frames):
            writer.write(np.ascontiguousarray(picture))
        writer.release()
        draft.rename(film)
    print(json.dumps({"film": str(film), "frames": args.frames}))


if __name__ == "__main__":
    main()
