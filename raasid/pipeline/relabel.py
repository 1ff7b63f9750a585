"""`raasid relabel`: the same footage under another season's wording, as a new dataset version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from raasid.console import terminal
from raasid.datasets.factory import open_footage
from raasid.datasets.source_configs import StoreDataConfig
from raasid.footage.records import Footage
from raasid.footage.relabel import RelabelledClip, RelabelSummary, relabel
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion
from raasid.laws.edition import Ruling
from raasid.pipeline.verb_configs import RelabelConfig

_SHOWN = 20
_SCENARIO = "scenario_"


def relabel_footage(cfg: RelabelConfig, run_dir: Path) -> None:
    """Derive every ruling from the facts, store the result beside what it came from, say what has changed.

    Footage that is not in the store yet is stored first, as the parent of the new version.
    """
    store = DatasetStore(Path(cfg.paths.store))
    source, footage = _source(cfg, store)
    relabelled, told = relabel(footage, cfg.law.edition)
    relabelled.left_out.write(run_dir / "quarantine.json")
    version = store.add(
        cfg.name or source.name,
        relabelled,
        made_by=f"relabel law={cfg.law.edition}",
        parents=[source.digest],
    )
    _show(told, source, version)


def _source(cfg: RelabelConfig, store: DatasetStore) -> tuple[DatasetVersion, Footage]:
    if isinstance(cfg.data, StoreDataConfig):
        found = DatasetStore(Path(cfg.data.root)).find(cfg.data.dataset)
        return found, found.footage()
    footage = open_footage(cfg.data, Path(cfg.paths.data))
    name = cfg.name or cfg.data.format
    return store.add(name, footage, made_by=f"import {cfg.data.format}"), footage


def _show(told: RelabelSummary, source: DatasetVersion, version: DatasetVersion) -> None:
    out = terminal.out()
    out.print(
        f"law {told.edition} over {source.ref}: {len(told.ruled)} clips ruled from their facts, "
        f"{told.kept} without facts kept as they were, {told.unreadable} with unreadable facts left out",
        markup=False,
    )
    changes = Counter((_word(one.old), _word(one.new)) for one in told.ruled if one.changed)
    _section("changed rulings", ("was", "is now", "clips"), [(*pair, n) for pair, n in _ranked(changes)])
    scenarios = Counter((name, _turn(one)) for one in told.ruled if one.changed for name in _scenarios(one))
    _section("by scenario", ("scenario", "decision", "clips"), [(*key, n) for key, n in _ranked(scenarios)])
    abstained = [one for one in told.ruled if one.new.abstained]
    missing = Counter(fact for one in abstained for fact in one.missing)
    _section(
        f"abstained: {len(abstained)}",
        ("missing fact", "clips"),
        [(fact, n) for fact, n in _ranked(missing)],
    )
    flipped = told.flipped
    more = f" … and {len(flipped) - _SHOWN} more" if len(flipped) > _SHOWN else ""
    out.print(f"\nflipped: {len(flipped)}", markup=False)
    if flipped:
        out.print(f"  {' '.join(flipped[:_SHOWN])}{more}", markup=False)
    if version.digest == source.digest:
        out.print(f"\n{source.ref} says so already\nnext: raasid data show {source.ref}", markup=False)
        return
    out.print(
        f"\nversion {version.ref}, parent {source.ref}\nnext: raasid data diff {source.ref} {version.ref}",
        markup=False,
    )


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        terminal.out().print(f"\n{title}", markup=False)
        indented = [[f"  {row[0]}", *map(str, row[1:])] for row in [head, *rows]]
        terminal.print_table(indented[0], indented[1:], right={len(head) - 1})


def _word(ruling: Ruling | None) -> str:
    """Return a ruling in few words: `offence, penalty, red`."""
    if ruling is None:
        return "no ruling"
    if ruling.decision is None:
        return "abstained"
    parts = [ruling.decision, ruling.restart, ruling.sanction]
    quiet = {"play_on", "none", None}
    return ", ".join(str(part).replace("_", " ") for part in parts if part not in quiet)


def _turn(one: RelabelledClip) -> str:
    """Tell what happened to the decision, or that only restart or card are new."""
    old = "no ruling" if one.old is None else one.old.decision or "abstained"
    new = one.new.decision or "abstained"
    told = f"{old} -> {new}" if old != new else f"{new}, other restart or card"
    return told.replace("_", " ")


def _scenarios(one: RelabelledClip) -> Iterable[str]:
    return [tag.removeprefix(_SCENARIO) for tag in one.tags if tag.startswith(_SCENARIO)] or ["(no scenario)"]


def _ranked(counts: Counter[tuple[str, str]] | Counter[str]) -> list[tuple[tuple[str, str] | str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
