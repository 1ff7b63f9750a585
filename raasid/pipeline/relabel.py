"""`raasid relabel`: derive the rulings of footage by another edition of the Laws, as a new version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from raasid.console import terminal
from raasid.console.tables import Column, print_table
from raasid.datasets.factory import open_footage
from raasid.datasets.source_configs import StoreDataConfig
from raasid.footage.records import Footage
from raasid.footage.relabel import RelabelledClip, RelabelSummary, relabel
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion
from raasid.laws.edition import Ruling
from raasid.pipeline.verb_configs import RelabelConfig

_MAX_SHOWN = 20
_SCENARIO_TAG = "scenario_"


def relabel_footage(cfg: RelabelConfig, run_dir: Path) -> None:
    """Derive every ruling from the facts, store the result as a new version, print what has changed.

    Footage that is not in the store yet is stored first, as the parent of the new version.
    """
    store = DatasetStore(Path(cfg.paths.store))
    source, footage = _source(cfg, store)
    relabelled, summary = relabel(footage, cfg.law.edition)
    relabelled.quarantine.write(run_dir / "quarantine.json")
    version = store.add(
        cfg.name or source.name,
        relabelled,
        made_by=f"relabel law={cfg.law.edition}",
        parents=[source.digest],
    )
    _print(summary, source, version)


def _source(cfg: RelabelConfig, store: DatasetStore) -> tuple[DatasetVersion, Footage]:
    if isinstance(cfg.data, StoreDataConfig):
        found = DatasetStore(Path(cfg.data.root)).find(cfg.data.dataset)
        return found, found.footage()
    footage = open_footage(cfg.data, Path(cfg.paths.data))
    name = cfg.name or cfg.data.format
    return store.add(name, footage, made_by=f"import {cfg.data.format}"), footage


def _print(summary: RelabelSummary, source: DatasetVersion, version: DatasetVersion) -> None:
    out = terminal.out()
    out.print(
        f"law {summary.edition} over {source.ref}: {len(summary.clips)} clips ruled from their facts, "
        f"{summary.num_without_facts} without facts kept as they were, "
        f"{summary.num_rejected} with unreadable facts left out",
        markup=False,
    )
    changes = Counter(
        (_format_ruling(clip.old), _format_ruling(clip.new)) for clip in summary.clips if clip.changed
    )
    _section("changed rulings", ("was", "is now", "clips"), [(*pair, n) for pair, n in _by_count(changes)])
    scenarios = Counter(
        (name, _format_change(clip)) for clip in summary.clips if clip.changed for name in _scenarios(clip)
    )
    _section("by scenario", ("scenario", "decision", "clips"), [(*key, n) for key, n in _by_count(scenarios)])
    abstained = [clip for clip in summary.clips if clip.new.abstained]
    missing = Counter(fact for clip in abstained for fact in clip.missing)
    _section(
        f"abstained: {len(abstained)}",
        ("missing fact", "clips"),
        [(fact, n) for fact, n in _by_count(missing)],
    )
    flipped = summary.flipped_ids
    more = f" … and {len(flipped) - _MAX_SHOWN} more" if len(flipped) > _MAX_SHOWN else ""
    out.print(f"\nflipped: {len(flipped)}", markup=False)
    if flipped:
        out.print(f"  {' '.join(flipped[:_MAX_SHOWN])}{more}", markup=False)
    if version.digest == source.digest:
        out.print(
            f"\n{source.ref} already has these rulings\nnext: raasid data show {source.ref}", markup=False
        )
        return
    out.print(
        f"\nversion {version.ref}, parent {source.ref}\nnext: raasid data diff {source.ref} {version.ref}",
        markup=False,
    )


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        terminal.out().print(f"\n{title}", markup=False)
        cells = [[str(cell) for cell in row] for row in rows]
        print_table([*head[:-1], Column(head[-1], right=True)], cells, indent=2)


def _format_ruling(ruling: Ruling | None) -> str:
    """Return a ruling in a few words: `offence, penalty, red`."""
    if ruling is None:
        return "no ruling"
    if ruling.decision is None:
        return "abstained"
    parts = [ruling.decision, ruling.restart, ruling.sanction]
    unremarkable = {"play_on", "none", None}
    return ", ".join(str(part).replace("_", " ") for part in parts if part not in unremarkable)


def _format_change(clip: RelabelledClip) -> str:
    """Return how the decision changed, or that only restart or card did."""
    old = "no ruling" if clip.old is None else clip.old.decision or "abstained"
    new = clip.new.decision or "abstained"
    change = f"{old} -> {new}" if old != new else f"{new}, other restart or card"
    return change.replace("_", " ")


def _scenarios(clip: RelabelledClip) -> Iterable[str]:
    return [tag.removeprefix(_SCENARIO_TAG) for tag in clip.tags if tag.startswith(_SCENARIO_TAG)] or [
        "(no scenario)"
    ]


def _by_count(counts: Counter[tuple[str, str]] | Counter[str]) -> list[tuple[tuple[str, str] | str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
