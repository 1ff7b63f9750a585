"""Play the season: `make demo`, or `python -m examples.season [FOLDER]`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from raasid.console.tables import Column, print_table
from raasid.console.terminal import accept_all_characters, out, print_error
from raasid.errors import RaasidError, UsageError

from .amounts import SCHEDULE, SMALLEST, Amounts

if TYPE_CHECKING:
    from raasid.stats.bootstrap import Estimate

    from .ledger import LedgerRow
    from .story import Season


def main() -> None:
    """Play all scenes in an empty folder, print what came out, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m examples.season", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("season"), help="default: ./season")
    parser.add_argument("--smallest", action="store_true", help="in seconds; the models are useless then")
    args = parser.parse_args()
    accept_all_characters()
    os.environ["OMP_NUM_THREADS"] = "1"  # policies play side by side, and nets are too small for two threads
    try:
        _play(args.folder, SMALLEST if args.smallest else Amounts())
    except RaasidError as error:
        print_error(f"error: {error}")
        sys.exit(error.exit)


def _play(root: Path, amounts: Amounts) -> None:
    _clear(root)
    from . import law_change, new_scenarios, night_matches_arrive
    from .ball_service import BallService
    from .ledger import POLICIES, play_policies, row_of
    from .page import write_page
    from .story import Season

    start = time.monotonic()
    season = Season(root, amounts, BallService(root, root, amounts))
    season.ball.write_schedule()
    night_matches_arrive.begin(season)
    others = [season.ball.copy_to(root / "other_policies" / policy.name) for policy in POLICIES]
    for scene in (night_matches_arrive, law_change, new_scenarios):  # each plays on where the last one ended
        scene.play(season)
    rows = [row_of("this season: drift and new scenarios", "this season", season.ball)]
    rows += play_policies(others)
    page = write_page(season, rows, time.monotonic() - start)
    _print_outcome(season, rows)
    out().print(f"season  {page}", markup=False)


def _clear(root: Path) -> None:
    """Remove an earlier season but its rendered matches, and nothing else."""
    if root.exists() and any(root.iterdir()) and not (root / SCHEDULE).is_file():
        raise UsageError(f"{root}: holds something else than a season; name another folder")
    for name in ("decisions", "logs", "other_policies", "registry", "retrainings", "store"):
        if (root / name).is_dir():
            shutil.rmtree(root / name)
    root.mkdir(parents=True, exist_ok=True)


def _print_outcome(season: Season, rows: Sequence[LedgerRow]) -> None:
    console = out()
    console.print()
    for event in season.events:
        console.print(f"week {event.week}  {event.title}. {event.reason}", markup=False)
    console.print()
    compared = [[one.kind, _rate(one.before.primary), _rate(one.after.primary)] for one in season.comparisons]
    print_table(["detection_rate", "first version", "last version"], compared)
    console.print()
    heads: list[Column | str] = ["policy"]
    heads += [Column(name, right=True) for name in ("trainings", "minutes", "detection_rate")]
    cells = [[row.policy, str(row.trainings), f"{row.minutes:.1f}", f"{row.accuracy:.3f}"] for row in rows]
    print_table(heads, cells)


def _rate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


if __name__ == "__main__":
    main()
