"""Our training of the pose model against ultralytics' own trainer: how long each takes for the same quality.

Ours is `experiment=pose` as it ships. The peer is `yolo11n-pose.yaml` from scratch with its trainer's own
augmentation and schedule, on the same training and selection matches, exported by `raasid data export`'s
writer; both are judged by our evaluation (OKS AP50) on the same test matches.
The peer is trained for 1 / 0.7 of our time, and for as many times as long as --patience says: its schedule
is made for the time it is given. Should it not reach our quality in the longest, that time is the bound.

The claim: at most 0.7 times the peer's time. It holds where the peer, given 1 / 0.7 of our time, has not
reached our AP50. Rendering the league, decoding it and importing libraries count for neither.
Last line: the figure. Exit status: 0 where the claim holds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from peer.side import REPO, side

SHARE = 0.7
LEAST_AP50 = 0.5
"""AP50 below which a network detects almost no one, so that times to reach it cannot be compared."""
QUICK = (
    "data.matches=8",
    "data.val_matches=1",
    "data.test_matches=2",
    "data.clips_per_match=4",
    "data.samples_per_epoch=160",
    "trainer.max_epochs=1",
    "trainer.check_val_every_n_epoch=1",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=REPO / "data" / "benchmark", help="for the league")
    parser.add_argument("--net", default="yolo11n-pose.yaml")
    parser.add_argument("--batch", type=int, default=16, help="of the peer")
    parser.add_argument("--size", type=int, default=640, help="of the peer's pictures")
    parser.add_argument("--workers", type=int, default=2, help="of the peer")
    parser.add_argument(
        "--patience", type=float, nargs="*", default=[], help="more times of the peer, in ours"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both sides")
    parser.add_argument("--overrides", nargs="*", default=[], help="more of ours, as for raasid train")
    parser.add_argument("--quick", action="store_true", help="a league of 8 matches, one short epoch")
    args = parser.parse_args()
    from peer.pose_judge import config, export, judge_peer, prepare, train_ours

    with tempfile.TemporaryDirectory() as name:
        extra = [*(QUICK if args.quick else ()), *args.overrides]
        cfg = config(Path(name), args.folder.resolve(), extra)
        found = prepare(cfg)
        seconds, ours = train_ours(cfg, Path(name) / "run")
        print(f"ours: AP50 {ours.ap50:.3f}, AP {ours.ap:.3f} in {seconds:.0f} s", flush=True)
        if ours.ap50 < LEAST_AP50 and not args.quick:
            print(f"no comparison: our own AP50 is {ours.ap50:.3f}, less than {LEAST_AP50} (at most {SHARE})")
            return 1
        root, look = export(found, Path(name) / "yolo")
        reached = None
        times = sorted({1 / SHARE, *args.patience})
        for factor in times:
            out = Path(name) / "peer.json"
            words = ["--root", root, "--net", args.net, "--batch", args.batch, "--size", args.size]
            words += ["--workers", args.workers, "--seconds", factor * seconds, "--out", out, "--look", look]
            side("ultralytics_trainer.py", *words, "--most", 60, threads=args.threads)
            peer = judge_peer(found, out)
            print(f"peer: AP50 {peer.ap50:.3f}, AP {peer.ap:.3f} in {factor * seconds:.0f} s", flush=True)
            if peer.ap50 >= ours.ap50:
                reached = factor
                break
    if reached is None:
        print(f"time for the same AP50, ours / peer's: less than {1 / times[-1]:.2f} (at most {SHARE})")
        return 0
    print(f"time for the same AP50, ours / peer's: {1 / reached:.2f} or more (at most {SHARE})")
    return int(reached <= 1 / SHARE)


if __name__ == "__main__":
    sys.exit(main())
