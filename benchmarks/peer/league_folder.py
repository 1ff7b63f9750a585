"""The synthetic league as a YOLO folder, which both sides read."""

from __future__ import annotations

import json
import os
from pathlib import Path

from raasid.footage.records import Ball, Clip, Frame
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League


def league_folder(folder: Path, league: League, held_out: int) -> Path:
    """Render `league` below `folder` and lay it out for both trainers; repeated calls cost nothing.

    held_out: matches that make the `val` split, the others are `train`. `scenes.json` names the matches.
    """
    root = folder / f"yolo-{league.digest()[:12]}-{held_out}"
    if (root / "data.yaml").exists():
        return root
    clips = generate(league, folder)
    matches = list(dict.fromkeys(clip.match for clip in clips))
    scenes: dict[str, str] = {}
    for clip in clips:
        split = "val" if clip.match in matches[:held_out] else "train"
        for number, frame in enumerate(clip.frames):
            scenes.update(_lay(root, split, f"{clip.id}_{number:03d}", clip, frame))
    (root / "scenes.json").write_text(json.dumps(scenes))
    sheet = f"path: {root}\ntrain: images/train\nval: images/val\nnames:\n  0: ball\n"
    (root / "data.yaml").write_text(sheet)
    return root


def _lay(root: Path, split: str, stem: str, clip: Clip, frame: Frame) -> dict[str, str]:
    image = root / "images" / split / f"{stem}.jpg"
    label = root / "labels" / split / f"{stem}.txt"
    for file in (image, label):
        file.parent.mkdir(parents=True, exist_ok=True)
    if not image.exists():
        os.link(frame.image, image)
    rows = [_row(ball, frame) for ball in frame.balls if ball.visible]
    label.write_text("".join(rows))
    return {image.name: clip.match}


def _row(ball: Ball, frame: Frame) -> str:
    """Class, centre and size as fractions; a box that leaves the picture is cut at its edge."""
    low = max(0.0, ball.x - ball.w / 2) / frame.width, max(0.0, ball.y - ball.h / 2) / frame.height
    high = min(1.0, (ball.x + ball.w / 2) / frame.width), min(1.0, (ball.y + ball.h / 2) / frame.height)
    centre = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    size = [b - a for a, b in zip(low, high, strict=True)]
    return " ".join(["0", *(f"{value:.6f}" for value in (*centre, *size))]) + "\n"
