"""Our side of the comparison: a film through `raasid review`, with a clock at every stage.

Last line of stdout: JSON with seconds, processor seconds, stages (mean, p50, p95; milliseconds a frame), and
how many people were read. --people gets their boxes, frame by frame: the other side reads the same ones.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from raasid.collect.source_discovery import Source
from raasid.footage.records import Frame
from raasid.models.checkpoints import load_trained_model
from raasid.models.context.module import ContextModule
from raasid.models.context.transformer import ContextTransformer
from raasid.perception import inference
from raasid.perception.camera_motion import CameraMotion
from raasid.perception.to_records import INTERPOLATED
from raasid.perception.tracker import PerceptionPipeline, load_perception
from raasid.review.options import ReviewOptions
from raasid.review.perceived_frames import PerceivedFrames
from raasid.review.review_clip import ReviewModels, review_clip
from raasid.review.video_source import VideoSource, open_video
from raasid.tracks.association import Association

Times = dict[str, list[float]]
"""Stage -> milliseconds a frame, of each call."""


def clocked(times: Times, stage: str, call: Callable[..., Any], frames: Callable[..., int]) -> Any:
    """The call, with its time a frame noted; frames: how many its arguments hold."""

    def measured(*args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        found = call(*args, **options)
        count = frames(*args)
        times.setdefault(stage, []).extend([1000 * (time.perf_counter() - began) / count] * count)
        return found

    return measured


def put(owner: Any, name: str, value: Any) -> None:
    """Set an attribute of a module, a class or an object, whatever its type says of it."""
    setattr(owner, name, value)


def watch(times: Times, perception: PerceptionPipeline, judge: ContextModule) -> None:
    """Put a clock at every stage that a review of a frame passes."""
    ball: Any = perception.ball.module
    pose: Any = perception.pose.module

    def one(*_: Any) -> int:
        return 1

    def first(batch: Any, *_: Any) -> int:
        return len(batch)

    put(ball, "detect", clocked(times, "ball", ball.detect, first))
    put(pose, "predict", clocked(times, "pose, both", pose.predict, first))
    if hasattr(pose, "detector"):
        put(pose.detector, "forward", clocked(times, "pose, detector", pose.detector.forward, first))
        put(pose, "_read_joints", clocked(times, "pose, joints", pose._read_joints, first))
    for owner, name, stage in (
        (CameraMotion, "since_last", "camera"),
        (inference, "fit_frame", "resizing"),
        (Association, "update", "tracks"),
        (judge, "predict_clips", "context, a call"),
    ):
        put(owner, name, clocked(times, stage, getattr(owner, name), one))
    images = VideoSource.images

    def decoded(film: VideoSource, start: int = 0) -> Iterator[Any]:
        pictures = images(film, start)
        following = clocked(times, "decoding", lambda: next(pictures, None), lambda: 1)
        while (picture := following()) is not None:
            yield picture

    put(VideoSource, "images", decoded)


@contextmanager
def progress(times: Times, description: str) -> Iterator[Callable[[int], None]]:
    """The review's bar; what is drawn is timed from one step to the next, with reading and writing."""
    last = time.perf_counter()

    def update(steps: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if steps and description.endswith("drawing"):
            times.setdefault("drawing", []).extend([1000 * (now - last) / steps] * steps)
        last = now

    yield update


def people_of(frame: Frame) -> list[list[float]]:
    """Boxes of those whom the pose net was shown; who is only inferred is left out."""
    return [
        list(person.box)
        for person in frame.persons
        if person.source is None or person.source.name != INTERPOLATED
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--film", type=Path, required=True)
    parser.add_argument("--ball", type=Path, required=True)
    parser.add_argument("--pose", type=Path, required=True)
    parser.add_argument("--context", type=Path, help="none: an untrained one; it costs as much")
    parser.add_argument("--people", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-clocks", action="store_true")
    args = parser.parse_args()
    said, sys.stdout = sys.stdout, sys.stderr
    torch.set_num_threads(args.threads)
    perception = load_perception(args.ball, args.pose)
    judge: Any = (
        ContextTransformer().eval() if args.context is None else load_trained_model(args.context)[0].eval()
    )
    source = Source(str(args.film.absolute()), args.film.name)
    with tempfile.TemporaryDirectory() as name:
        film = open_video(source)
        pictures = film.images()
        warm = [next(pictures) for _ in range(8)]
        blank = [Frame(i, args.film, film.width, film.height, in_video=True) for i in range(8)]
        perception.track(warm, blank)
        times: Times = {}
        if not args.no_clocks:
            watch(times, perception, judge)
        began = time.perf_counter(), time.process_time()
        reviewer = ReviewModels(perception, judge, {})
        review_clip(
            source,
            Path(name),
            reviewer,
            "ifab_2025_26",
            ReviewOptions(),
            lambda about, _: progress(times, about),
        )
        seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
        kept = PerceivedFrames(next(Path(name).glob("*/tracks-*")), film)
        people = [people_of(frame) for stretch in kept for frame in stretch]
    if args.people is not None:
        args.people.write_text(json.dumps(people))
    stages = {
        stage: [float(np.mean(values)), *map(float, np.percentile(values, (50, 95))), len(values)]
        for stage, values in times.items()
    }
    figures = {
        "frames": film.frames,
        "seconds": seconds,
        "cpu_s": processor,
        "people": sum(map(len, people)),
        "stages": stages,
    }
    print(json.dumps(figures), file=said)


if __name__ == "__main__":
    main()
