"""`raasid retry`: lets a model be retrained again that waits because retraining did not help."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from raasid.cli.arguments import add_folders, folders_of, require_known_model
from raasid.cli.registry.command import reason_of
from raasid.console.tables import print_line, print_note
from raasid.registry.records import current_author
from raasid.triggers.claims import ClaimStore
from raasid.triggers.futility import count_without_gain
from raasid.triggers.futility_marks import FutilityMarks


def main(words: Sequence[str]) -> None:
    """Run `raasid retry WORDS`. Raises ModelUnknown, MissingReason, RetrainingUnreadable, DiskFull."""
    args = build_parser().parse_args(words)
    folders, model, reason = folders_of(args), args.model, reason_of(args)
    require_known_model(model, folders)
    marks = FutilityMarks(folders.retrainings)
    history = ClaimStore(folders.retrainings).history(model)
    count = count_without_gain(model, history, marks.acknowledged(model))
    if count == 0:
        print_line(f"{model}: no retraining without a gain counts against it; nothing was changed")
        return
    last = max(past.end for past in history)  # of a machine whose clock is fast, or as of a later time
    marks.acknowledge(model, current_author(), max(datetime.now(UTC), last), reason)
    what = (
        "1 retraining without a gain no longer counts"
        if count == 1
        else (f"{count} retrainings without a gain no longer count")
    )
    print_line(f"{model} may be retrained again: {what}")
    print_note(f"next: raasid retrain 'models=[{model}]'")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `raasid retry`."""
    parser = argparse.ArgumentParser(prog="raasid retry", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="such as pose_model")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; the log keeps it")
    add_folders(parser)
    return parser
