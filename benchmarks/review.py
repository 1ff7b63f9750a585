"""A whole review against the naive chain of peers, and whether its memory is flat in the length of a film.

speed   frames/s of `raasid review` (decoding, ball, people, joints, camera, tracks, judgement, drawing,
        writing) over those of ultralytics' detector on every frame and MediaPipe's pose landmarker on every
        person, on the same frames, the same people, as many cores; in turns, each in a process of its own,
        medians, warm-up not counted. The chain neither tracks nor judges nor draws. Beside it, the chain
        against our perception alone is what the stages say: milliseconds a frame, p50 and p95.
memory  peak of a review, 1,000 frames against 10,000 of the same film, played forwards and backwards.

The claim: at least twice as many frames a second, and at most 1.1 times the memory.
Models: the newest trained ones, or --ball, --pose, --context. MediaPipe's model is the user's own, by --task.
Last line: the figure. Exit status: 0 where the claim holds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from peer.side import REPO, side

RATIO, GROWTH = 2.0, 1.1
SHARED = Path(os.environ.get("RAASID_SHARED", REPO.parent / "shared"))


def models(args: argparse.Namespace) -> list[str | Path | float]:
    """Checkpoints as words for our side; a context model that is not there is left out."""
    words: list[str | Path | float] = []
    for task in ("ball", "pose", "context"):
        note = args.logs / "newest" / f"{task}.json"
        path = getattr(args, task) or (json.loads(note.read_text())["checkpoint"] if note.exists() else None)
        if path is None and task != "context":
            raise SystemExit(f"no {task} model below {args.logs}: train one, or give --{task} FILE")
        words += [f"--{task}", path] if path is not None else []
    return words


def film(args: argparse.Namespace, frames: int) -> Path:
    """The film, made once; it is made elsewhere, so that this process stays small."""
    source = ["--source", args.source] if args.source else []
    made = side("film.py", "--folder", args.folder, "--frames", frames, *source)
    return Path(made["film"])


def table(whose: str, run: dict[str, Any]) -> None:
    """Where the time of a frame goes."""
    rate, processor = run["frames"] / run["seconds"], 1000 * run["cpu_s"] / run["frames"]
    print(f"{whose}: {rate:.2f} frames/s, {processor:.0f} ms of processor time a frame")
    print(f"  {'stage':<18}{'mean':>9}{'p50':>9}{'p95':>9}{'calls':>8}   milliseconds a frame")
    for stage, (mean, p50, p95, count) in run["stages"].items():
        print(f"  {stage:<18}{mean:9.2f}{p50:9.2f}{p95:9.2f}{count:8d}")


def speed(args: argparse.Namespace) -> float:
    """Print both sides; return the ratio of their frames/s."""
    short = film(args, args.frames)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        people = Path(name) / "people.json"
        for _ in range(args.rounds):
            words = ["--film", short, "--people", people, "--threads", args.threads]
            ours.append(side("our_review.py", *words, *models(args), threads=args.threads))
            theirs.append(side("naive_chain.py", *words, "--task", args.task, threads=args.threads))
    each = ours[-1]["people"] / ours[-1]["frames"]
    print(f"{args.frames} frames, {each:.1f} people in each, {args.threads} cores, {args.rounds} rounds")
    table("raasid review", ours[-1])
    table("ultralytics and MediaPipe", theirs[-1])
    rates = [median(run["frames"] / run["seconds"] for run in runs) for runs in (ours, theirs)]
    cpu = [median(run["cpu_s"] / run["frames"] for run in runs) for runs in (ours, theirs)]
    print(f"frames/s {rates[0]:.2f} and {rates[1]:.2f}; processor time x {cpu[1] / cpu[0]:.2f}", flush=True)
    return float(rates[0] / rates[1])


def memory(args: argparse.Namespace) -> float:
    """Print both peaks; return their ratio."""
    peaks = []
    for frames in args.long:
        words = ["--film", film(args, frames), "--threads", args.threads, "--no-clocks"]
        run = side("our_review.py", *words, *models(args), threads=args.threads)
        peaks.append(run["peak_mib"])
        print(f"peak memory {peaks[-1]:.0f} MiB for {frames} frames, {run['seconds']:.0f} s", flush=True)
    return float(peaks[1] / peaks[0])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "what", nargs="*", default=["speed", "memory"], help="speed, memory; both unless said"
    )
    parser.add_argument("--source", type=Path, help="a video; without one, the synthetic league")
    parser.add_argument(
        "--folder", type=Path, default=REPO / "data" / "benchmark", help="for what is rendered"
    )
    parser.add_argument("--logs", type=Path, default=REPO / "logs")
    for task in ("ball", "pose", "context"):
        parser.add_argument(f"--{task}", type=Path, help="a checkpoint; else the newest")
    parser.add_argument("--task", type=Path, default=SHARED / "assets" / "pose_landmarker_full.task")
    parser.add_argument("--threads", type=int, default=2, help="cores of either side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--long", type=int, nargs=2, default=[1000, 10_000], help="to compare the memory of")
    parser.add_argument("--quick", action="store_true", help="one round of 40 frames; 600 against 1800")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.frames, args.long = 1, 40, [600, 1800]
    ratio = speed(args) if "speed" in args.what else None
    growth = memory(args) if "memory" in args.what else None
    claims = []
    if ratio is not None:
        claims.append(f"frames/s over the chain's {ratio:.2f} (at least {RATIO})")
    if growth is not None:
        claims.append(f"memory x {growth:.2f} (at most {GROWTH})")
    print(", ".join(claims))
    return int((ratio is not None and ratio < RATIO) or (growth is not None and growth > GROWTH))


if __name__ == "__main__":
    sys.exit(main())
