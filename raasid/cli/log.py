"""`raasid log`: what happened and why: registry changes, decisions, retrainings, the newest first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from raasid.cli.arguments import add_folders, count, days, folders_of, require_known_model, utc_time
from raasid.cli.registry.command import RegistryUnreadable
from raasid.cli.timeline import Timeline, TimelineEntry
from raasid.console import terminal
from raasid.console.tables import Column, Row, format_time, print_note, print_table
from raasid.errors import RaasidError
from raasid.registry.registry import Registry

_DEFAULT_LIMIT = 20


class TimelineDamaged(RaasidError):
    """Records that the timeline lacks because they are not what was written."""

    def __init__(self, damage: Sequence[RaasidError]) -> None:
        listed = "".join(f"\n  {each}" for each in damage)
        missing = "1 record is" if len(damage) == 1 else f"{len(damage)} records are"
        super().__init__(f"{missing} missing above, for damage:{listed}")


def main(words: Sequence[str]) -> None:
    """Run `raasid log WORDS`. Raises TimelineDamaged after everything readable is printed, UsageError."""
    args = build_parser().parse_args(words)
    folders = folders_of(args)
    if args.model is not None:
        require_known_model(args.model, folders)
    since = args.since if args.days is None else datetime.now(UTC) - timedelta(days=args.days)
    limit = args.n if args.n is not None else None if since or args.all else _DEFAULT_LIMIT
    timeline = Timeline(Registry(folders.registry), folders.decisions, folders.retrainings)
    try:
        entries = timeline.newest_first(args.model, since)
        shown = list(islice((e for e in entries if args.all or not e.minor), _more(limit)))
    except OSError as error:
        raise RegistryUnreadable(folders.registry, error) from error
    kept = shown[:limit]
    if args.json:
        _print_json(kept, timeline.damage)
    else:
        _print_entries(kept)
        if len(kept) < len(shown):
            print_note(f"older entries are left out; -n {2 * len(kept)} shows more")
        elif not kept and not timeline.damage:
            print_note("nothing happened" if since else f"nothing happened yet below {folders.root}")
    if timeline.damage:
        raise TimelineDamaged(timeline.damage)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `raasid log`."""
    parser = argparse.ArgumentParser(prog="raasid log", description=__doc__)
    parser.add_argument("--model", metavar="NAME", help="only this model, such as ball_model")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--since", type=utc_time, metavar="TIME", help="from this day or time on (UTC)")
    begin.add_argument("--days", type=days, metavar="D", help="only the last D days")
    parser.add_argument(
        "-n", type=count, metavar="N", help=f"so many entries (default: {_DEFAULT_LIMIT}; in a span: all)"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also failed changes and steps of other entries",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document, for programs")
    add_folders(parser)
    return parser


def _more(limit: int | None) -> int | None:
    """Return one more, which shows whether there is more than the limit."""
    return None if limit is None else limit + 1


def _print_entries(entries: Sequence[TimelineEntry]) -> None:
    columns = [
        Column("when (UTC)"),
        Column("kind", drop=2),
        Column("what", fold=34),
        Column("why", fold=30, max_lines=4),
        Column("by", drop=1),
    ]
    rows = [
        Row([format_time(e.when_text), e.kind, e.what, e.why, e.by], "dim" if e.minor else "")
        for e in entries
    ]
    print_table(columns, rows)


def _print_json(entries: Sequence[TimelineEntry], damage: Sequence[RaasidError]) -> None:
    document = {
        "entries": [
            {
                "time": e.when_text,
                "kind": e.kind,
                "what": e.what,
                "why": e.why,
                "by": e.by,
                "record": e.details,
            }
            for e in entries
        ],
        "damaged": [str(error) for error in damage],
    }
    terminal.out().print(json.dumps(document, indent=2), markup=False, soft_wrap=True)
