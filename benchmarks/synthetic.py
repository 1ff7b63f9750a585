"""How fast the synthetic league is rendered, and whether its memory is flat in the number of frames.

speed   frames/s of one core, by processor time: stadiums, backgrounds, images, labels and the stored JPEG,
        averaged over the frames. Medians of several rounds over matches of three kinds of league; the
        claim is about the first, the default.
        No renderer with such labels can be installed to compare with. The yardstick is what cannot be
        avoided: encoding the same frames as JPEG with OpenCV, in the same round. Their ratio travels from one
        machine to another; frames/s do not, and a neighbour on the same core costs a third of them.
labels  the same without images: frames/s, and how many times faster, with the time to set up the clips.
stages  milliseconds per frame of the default league.
memory  peak of the process that renders and stores, 200 frames against 2,000. The records of all clips are
        kept by the caller; images are not kept.

The claim: at least 60 frames/s of one core at 640 x 360, and at most 1.1 times the memory.
Last line: the figure. Exit status: 0 where the claim holds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2

from raasid.synthetic import background, clip_setup
from raasid.synthetic import render_clip as rendering
from raasid.synthetic.arrays import Image
from raasid.synthetic.broadcast_graphics import Overlay
from raasid.synthetic.frame_labels import FrameLabeler
from raasid.synthetic.label_clip import label_clip
from raasid.synthetic.league import League
from raasid.synthetic.match_setting import build_match_setting
from raasid.synthetic.render_clip import render_clip
from raasid.synthetic.scenarios.registry import num_frames
from raasid.synthetic.sensor import Sensor
from raasid.synthetic.visibility import VisibilityRenderer

FRAMES_PER_S = 60
GROWTH = 1.1
REPO = Path(__file__).resolve().parent.parent
PLAY = League(clips_per_match=8, frames_per_clip=6, stride=1)
KINDS = {
    "8 clips of 6 frames": PLAY,
    "4 clips of 5, every fifth": League(clips_per_match=4, frames_per_clip=5, stride=5),
    "2 clips of 25 frames": League(clips_per_match=2, frames_per_clip=25, stride=1),
}
STAGES: list[tuple[str, Any, str]] = [
    ("stadium, per match", clip_setup, "build_match_setting"),
    ("play, per clip", clip_setup, "simulate_play"),
    ("background, per clip", background, "_paint"),
    ("background, per frame", background.StaticBackground, "frame"),
    ("blur of the pan", rendering, "_pan_blur"),
    ("shadows", rendering, "draw_shadows"),
    ("people", VisibilityRenderer, "_render_bodies"),
    ("balls", VisibilityRenderer, "_render_balls"),
    ("compositing", rendering, "_composite"),
    ("occlusion, labels", FrameLabeler, "label"),
    ("lens, exposure, noise", Sensor, "expose"),
    ("graphics", Overlay, "composite"),
    ("the feed's compression", Sensor, "compress"),
]


def encode(image: Image) -> None:
    cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, PLAY.jpeg_quality])


def round_of(league: League, matches: range) -> tuple[float, float]:
    """Processor seconds per frame: rendered and encoded; only encoded."""
    build_match_setting.cache_clear()
    frames, encoding, start = 0, 0.0, time.process_time()
    for match in matches:
        for clip in range(league.clips_per_match):
            images, _ = render_clip(league, match, clip)
            before = time.process_time()
            for image in images:
                encode(image)
            encoding += time.process_time() - before
            frames += len(images)
    return (time.process_time() - start) / frames, encoding / frames


def speed(rounds: int, matches: int) -> float:
    """Print frames/s by kind of league; give those of the default."""
    print(f"640 x 360, {matches} matches, medians of {rounds} rounds, processor time of one core")
    print(f"{'':<28}{'frames/s':>9}{'ms':>8}{'JPEG ms':>9}{'ratio':>7}")
    rates: list[float] = []
    for kind, league in KINDS.items():
        runs = [round_of(league, range(100, 100 + matches)) for _ in range(rounds)]
        whole, encoding = (median(column) for column in zip(*runs, strict=True))
        ratio = median(a / b for a, b in runs)
        rates.append(1 / whole)
        print(f"{kind:<28}{rates[-1]:9.1f}{whole * 1e3:8.2f}{encoding * 1e3:9.2f}{ratio:7.1f}", flush=True)
    return rates[0]


def labels(rounds: int, matches: int) -> None:
    """Print frames/s of labels alone, and of the same clips with images in the same round."""
    print(f"{'labels alone':<28}{'frames/s':>9}{'ms':>8}{'staging':>9}{'ratio':>7}")
    kinds = {
        "8 scripted clips of 20": League(clips_per_match=8, scenario_share=1.0, handball_prior=0.4),
        "8 clips of 6 frames": PLAY,
    }
    for kind, league in kinds.items():
        runs = [labelling(league, range(100 + r * matches, 100 + (r + 1) * matches)) for r in range(rounds)]
        painted, alone, staging = (median(column) for column in zip(*runs, strict=True))
        print(
            f"{kind:<28}{1 / alone:9.1f}{alone * 1e3:8.2f}{staging * 1e3:9.2f}{painted / alone:7.1f}",
            flush=True,
        )


def labelling(league: League, matches: range) -> tuple[float, float, float]:
    """Processor seconds per frame: with images, labels alone, and the part of the latter that stages."""
    frames, spent = 0, [0.0, 0.0, 0.0]
    makers: list[Callable[[League, int, int], object]] = [
        render_clip,
        label_clip,
        lambda league, m, c: clip_setup.ClipSetup.of(league, m, c, painted=False),
    ]
    for k, make in enumerate(makers):
        build_match_setting.cache_clear()
        start = time.process_time()
        for match in matches:
            for clip in range(league.clips_per_match):
                make(league, match, clip)
                frames += num_frames(league, match, clip) if k == 0 else 0
        spent[k] = time.process_time() - start
    return spent[0] / frames, spent[1] / frames, spent[2] / frames


def timed(call: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    """The call, with its processor time added to `spent[name]`."""

    def measured(*args: Any, **options: Any) -> Any:
        start = time.process_time()
        try:
            return call(*args, **options)
        finally:
            spent[name] += time.process_time() - start

    return measured


def stages(matches: int) -> None:
    """Print where the time of open play goes."""
    spent: dict[str, float] = defaultdict(float)
    league = PLAY
    build_match_setting.cache_clear()
    originals = [(owner, attribute, getattr(owner, attribute)) for _, owner, attribute in STAGES]
    for name, owner, attribute in STAGES:
        setattr(owner, attribute, timed(getattr(owner, attribute), name, spent))
    try:
        whole, encoding = round_of(league, range(100, 100 + matches))
    finally:
        for owner, attribute, original in originals:
            setattr(owner, attribute, original)
    frames = matches * league.clips_per_match * league.frames_per_clip
    rows = {name: spent[name] / frames for name, _, _ in STAGES}
    rows["the stored JPEG"] = encoding
    rows["cameras, joints, labels"] = whole - sum(rows.values())
    for name, seconds in rows.items():
        print(f"{name:<28}{seconds * 1e3:8.2f} ms{seconds / whole:8.1%}")


_BETWEEN = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""
# a child's peak begins with the size of its parent, so a small process stands between us and the worker


def peak_mib(frames: int) -> float:
    """Peak memory of a worker that renders and stores so many frames."""
    league = League(clips_per_match=8, frames_per_clip=5, stride=1)
    matches = list(range(frames // 40))
    path = os.pathsep.join([str(REPO), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory() as folder:
        order = json.dumps(
            {
                "league": league.model_dump(mode="json"),
                "folder": folder,
                "matches": matches,
                "write": "render_matches",
            }
        )
        words = [sys.executable, "-m", "raasid.synthetic.render_matches", order]
        worker = subprocess.run(
            [sys.executable, "-S", "-c", _BETWEEN, *words],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    if worker.returncode:
        raise SystemExit(f"the worker ended with status {worker.returncode}")
    # kilobytes, on a Mac bytes
    return int(worker.stdout.split()[-1]) / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--matches", type=int, default=4, help="per round")
    parser.add_argument("--frames", type=int, nargs=2, default=[200, 2000], help="to compare the memory of")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    render_clip(PLAY, 99, 0)
    rate = speed(args.rounds, args.matches)
    labels(args.rounds, max(1, args.matches // 2))
    stages(args.matches)
    few, many = (peak_mib(frames) for frames in args.frames)
    growth = many / few
    print(f"peak memory: {few:.0f} MiB for {args.frames[0]} frames, {many:.0f} MiB for {args.frames[1]}")
    print(
        f"frames/s of one core {rate:.1f} (at least {FRAMES_PER_S}), memory x {growth:.2f} (at most {GROWTH})"
    )
    return int(rate < FRAMES_PER_S or growth > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
