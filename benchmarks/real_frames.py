"""The loop on real frames: a ball champion of five day videos; five videos under floodlight arrive.

Played with commands: import, train, registry alias, check, retrain, evaluate. Splits and intervals are by
video. The frames are those of $RAASID_SHARED/data/football_players, which is not part of this repository: 272
frames of ten matches, 235 of them with a ball. Five new and five known matches are few, and that the drift
check or the gate says so is a result as well.

The claim: every step comes to a verdict, and a champion is replaced only by a version that the gate passed.
Last line: detection_rate of the champion and of the retrained version on videos that neither was trained on.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry

REPO = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("RAASID_SHARED", REPO.parent / "shared"))
DAY = {"train": ["08fd33", "42ba34"], "val": ["54745b"], "test": ["55c9d1", "a9f16c"]}
NIGHT = {"train": ["4b770a", "538438"], "val": [], "test": ["744b27", "798b45", "cd987c"]}
SEASON = {split: DAY[split] + NIGHT[split] for split in DAY}
DATASETS = {"day": DAY, "night": NIGHT, "season": SEASON}
REFUSED = 3
MODEL = "ball_model"


class StepFailed(Exception):
    """A command that ended in another way than it may."""


def videos(source: Path) -> dict[str, list[Path]]:
    """Return the images of each video; names are VIDEO_PART_FRAME…."""
    found: dict[str, list[Path]] = {}
    for image in sorted(source.glob("*/images/*.jpg")):
        found.setdefault(image.name.partition("_")[0], []).append(image)
    return found


def write_dataset(
    folder: Path, splits: Mapping[str, Sequence[str]], images: Mapping[str, list[Path]]
) -> None:
    """Copy some videos into a YOLO set whose splits are by video; `scenes.json` names the videos."""
    scenes = {}
    for split, names in splits.items():
        for image in (image for name in names for image in images[name]):
            label = image.parent.parent / "labels" / f"{image.stem}.txt"
            for file, kind in ((image, "images"), (label, "labels")):
                place = folder / split / kind
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)
            scenes[image.name] = image.name.partition("_")[0]
    sheet = "".join(f"{split}: {split}/images\n" for split, names in splits.items() if names)
    (folder / "data.yaml").write_text(f"{sheet}names: [ball, goalkeeper, player, referee]\n")
    (folder / "scenes.json").write_text(json.dumps(scenes))


class Loop:
    """Runs commands of one root folder, and keeps what they print."""

    def __init__(self, root: Path, training: Sequence[str]) -> None:
        self.root, self.training = root, list(training)
        self.registry = Registry(root / "registry")

    def call(self, *words: str, allowed: Sequence[int] = (0,)) -> str:
        """Run `raasid WORDS`; return stdout. Raises StepFailed for another exit status than those allowed."""
        print(f"$ raasid {' '.join(words)}", flush=True)
        start = time.perf_counter()
        program = [sys.executable, "-m", "raasid", *words]
        done = subprocess.run(program, capture_output=True, text=True, cwd=self.root, check=False)
        for line in done.stdout.splitlines()[-12:]:
            print(f"    {line}", flush=True)
        print(f"    exit status {done.returncode}, {time.perf_counter() - start:.0f} s", flush=True)
        if done.returncode not in allowed:
            raise StepFailed(f"raasid {words[0]} ended with {done.returncode}:\n{done.stderr}")
        if done.returncode:
            print(f"    {done.stderr.splitlines()[-1]}", flush=True)
        return done.stdout

    def versions(self) -> list[str]:
        """Return the registered versions, oldest first."""
        return [str(version) for version in self.registry.versions(MODEL).names()]

    def measure(self, version: str, dataset: str) -> tuple[str, str]:
        """Return detection_rate and false_positives with their intervals on the test videos of a dataset."""
        data = ["data=store", f"data.dataset={dataset}"]
        printed = self.call("evaluate", f"version={MODEL}@{version}", *data)
        return tuple(
            re.sub(r"\s+", " ", re.search(rf"^{name}\s+(.+)$", printed, re.MULTILINE)[1]).strip()  # type: ignore[index]
            for name in ("detection_rate", "false_positives")
        )  # type: ignore[return-value]

    def play(self) -> str:
        """Play the loop; return the last line."""
        for name in ("day", "night", "season"):
            self.call("import", "data=yolo", f"data.root={self.root / name}", f"name={name}")
        train = ["experiment=ball", "data=store", *self.training]
        self.call("train", *train, "data.dataset=day")
        (before,) = self.versions()
        reason = "trained on day videos"
        self.call("registry", "alias", MODEL, "champion", before, "--reason", reason)
        check = [f"models=[{MODEL}]", "data=store", "data.dataset=season"]
        self.call("check", *check, "trigger.kinds=[performance,drift]")
        words = json.dumps([*train, "data.dataset=season"])
        options = ["trigger=performance", f"retrain.train.{MODEL}={words}"]
        self.call("retrain", *check, *options, allowed=(0, REFUSED))
        after = self.versions()[-1]
        if after == before:
            raise StepFailed("no version was trained: the champion is good enough for its threshold")
        print(f"\n{'version':<16}{'videos':<10}{'detection_rate':<28}false_positives per image")
        rates = {}
        for version in (before, after):
            for dataset in ("day", "night"):
                rate, false = rates[version, dataset] = self.measure(version, dataset)
                print(f"{version:<16}{dataset:<10}{rate:<28}{false}", flush=True)
        day, night = (
            f"{rates[before, dataset][0]} before, {rates[after, dataset][0]} after"
            for dataset in ("day", "night")
        )
        promoted = str(self.registry.alias(MODEL, CHAMPION)) == after
        (gate,) = (self.root / "retrainings" / MODEL).glob("runs/*/gate.json")
        if promoted != json.loads(gate.read_text())["passed"]:
            raise StepFailed(
                f"{after} is {'' if promoted else 'not '}champion, against the verdict of {gate}"
            )
        result = "promoted" if promoted else "refused"
        return f"detection_rate on unseen day videos {day}; on unseen night videos {night}; {result}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="an empty folder for everything that is written")
    parser.add_argument("training", nargs="*", default=[], help="overrides of both trainings")
    args = parser.parse_args()
    source = SHARED / "data" / "football_players"
    if not source.is_dir():
        print(f"no {source}: set RAASID_SHARED", file=sys.stderr)
        return 2
    root = args.root.absolute()
    images = videos(source)
    for name, splits in DATASETS.items():
        write_dataset(root / name, splits, images)
    try:
        print(Loop(root, args.training).play())
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
