"""Play the season: `make demo`, or `python -m examples.season [FOLDER]`."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from raasid.console.terminal import accept_all_characters, out, print_error
from raasid.errors import RaasidError, UsageError

from .amounts import SCHEDULE, SMALLEST, Amounts

if TYPE_CHECKING:
    from raasid.stats.bootstrap import Estimate

    from .story import Season


def main() -> None:
    """Play all scenes in an empty folder, print what came out, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m examples.season", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("season"), help="default: ./season")
    parser.add_argument("--smallest", action="store_true", help="in seconds; the models are useless then")
    args = parser.parse_args()
    accept_all_characters()
    try:
        _play(args.folder, SMALLEST if args.smallest else Amounts())
    except RaasidError as error:
        print_error(f"error: {error}")
        sys.exit(error.exit)


def _play(root: Path, amounts: Amounts) -> None:
    _clear(root)
    from . import night_matches_arrive
    from .page import write_page
    from .story import Season

    scenes = (night_matches_arrive,)  # each plays on in the season that the others leave
    season = Season(root, amounts)
    season.write_schedule()
    start = time.monotonic()
    for scene in scenes:
        scene.play(season)
    page = write_page(season, time.monotonic() - start)
    _print_outcome(season)
    out().print(f"season  {page}", markup=False)


def _clear(root: Path) -> None:
    """Remove an earlier season but its rendered matches, and nothing else."""
    if root.exists() and any(root.iterdir()) and not (root / SCHEDULE).is_file():
        raise UsageError(f"{root}: holds something else than a season; name another folder")
    for name in ("decisions", "logs", "registry", "retrainings", "store"):
        if (root / name).is_dir():
            shutil.rmtree(root / name)
    root.mkdir(parents=True, exist_ok=True)


def _print_outcome(season: Season) -> None:
    console = out()
    console.print()
    for event in season.events:
        console.print(f"week {event.week}  {event.title}. {event.reason}", markup=False)
    console.print()
    for one in season.comparisons:
        before, after = (_rate(result.primary) for result in (one.before, one.after))
        console.print(f"{one.light:<5}  detection_rate  {before} -> {after}", markup=False)


def _rate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


if __name__ == "__main__":
    main()
