"""Leakage: matches of the test set that a challenger, or a model that it was built on, was trained on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raasid.registry.lineage import VersionRef, input_weights
from raasid.registry.names import CHALLENGER
from raasid.registry.registry import Registry

_HELD_OUT = "test"


@dataclass(frozen=True, slots=True)
class Leak:
    """A match of the test set that was trained on."""

    match: str
    split: str
    """`train`, `val` (weights are selected by it), `league` or `calibration`."""
    model: str
    """`challenger` or `champion`, or the version that it was built on."""

    def __str__(self) -> str:
        return f"{self.match} ({self.split} of the {self.model})"


@dataclass(frozen=True, slots=True)
class LeakCheck:
    """What the lineages of a model and of its ancestors say about the matches of a test set."""

    leaks: tuple[Leak, ...] = ()
    """Sorted by match."""
    unknown: tuple[str, ...] = ()
    """Models whose lineage names no training matches, and weights that are of no registered version."""


def check_leakage(
    lineage: Mapping[str, Any],
    test_matches: Collection[str],
    registry: Registry | None = None,
    parents: Collection[VersionRef] = (),
    model: str = CHALLENGER,
) -> LeakCheck:
    """Find the matches of a test set that a model or one of its ancestors was trained on.

    lineage: content of the run's `lineage.json`, or `Manifest.lineage`. registry: finds the versions whose
    weights the model was built on (`init_from`, upstream models), and theirs in turn; None: only the model
    itself is checked. parents: such versions whose weights the lineage names by another file. model: what it
    is called in messages. Every split but `test` counts as training. Raises RegistryDamaged, NotRegistered.
    """
    wanted, leaks, unknown = set(test_matches), set[Leak](), list[str]()
    for name, its_lineage in _with_ancestors(model, lineage, registry, parents):
        splits = dict(_training_splits(its_lineage))
        if not splits:
            unknown.append(name)
        leaks |= {Leak(match, split, name) for split, its in splits.items() for match in its & wanted}
    if registry is not None and not parents:
        inputs = input_weights(registry, lineage)
        unknown += [f"its {each.role} ({each.sha256[:12]})" for each in inputs if each.version is None]
    in_order = sorted(leaks, key=lambda leak: (leak.match, leak.model, leak.split))
    return LeakCheck(tuple(in_order), tuple(unknown))


def _with_ancestors(
    model: str, lineage: Mapping[str, Any], registry: Registry | None, parents: Collection[VersionRef]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield model, lineage
    if registry is None:
        return
    seen, waiting = set[VersionRef](), {*parents, *_built_on(registry, lineage)}
    while waiting - seen:
        ref = min(waiting - seen)
        seen.add(ref)
        its_lineage = registry.versions(ref.name).manifest(ref.version).lineage
        waiting |= _built_on(registry, its_lineage)
        yield str(ref), its_lineage


def _built_on(registry: Registry, lineage: Mapping[str, Any]) -> set[VersionRef]:
    return {weights.version for weights in input_weights(registry, lineage) if weights.version is not None}


def _training_splits(lineage: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for split, content in _mapping(lineage, "data").items():
        if split != _HELD_OUT and isinstance(content, Mapping) and isinstance(content.get("matches"), list):
            yield split, {str(match) for match in content["matches"]}


def _mapping(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tree.get(key)
    return found if isinstance(found, Mapping) else {}
