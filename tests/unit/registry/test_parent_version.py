from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raasid.registry.lineage import Parent, find_parent, parent_of
from raasid.registry.names import Version
from raasid.registry.registry import Registry

NAME = "ball_model"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    seconds = iter(range(1_000_000))
    return Registry(tmp_path, clock=lambda: 1_795_000_000.0 + next(seconds))


def made(registry: Registry, number: int, **inputs: int) -> Version:
    lineage: dict[str, Any] = {
        "inputs": {role: {"path": "x.ckpt", "sha256": f"{n:064x}"} for role, n in inputs.items()},
        "outputs": {"checkpoint": {"path": "best.ckpt", "sha256": f"{number:064x}"}},
    }
    return registry.register(NAME, {"card.json": b"[%d]" % number}, lineage=lineage)


def parent(registry: Registry, version: Version) -> Parent | None:
    return parent_of(registry, registry.versions(NAME).manifest(version))


def test_the_first_version_has_no_parent(registry: Registry) -> None:
    assert parent(registry, made(registry, 1)) is None


def test_without_a_champion_the_parent_is_the_version_before(registry: Registry) -> None:
    versions = [made(registry, number) for number in (1, 2, 3)]
    assert parent(registry, versions[2]) == Parent(versions[1], "the version before")


def test_the_parent_is_the_champion_at_registration_not_the_current_one(registry: Registry) -> None:
    first, second = made(registry, 1), made(registry, 2)
    registry.set_alias(NAME, "champion", first, "good")
    third = made(registry, 3)
    registry.set_alias(NAME, "champion", second, "better")
    fourth = made(registry, 4)
    registry.set_alias(NAME, "champion", fourth, "best")
    assert parent(registry, third) == Parent(first, "champion at that time")
    assert parent(registry, fourth) == Parent(second, "champion at that time")


def test_the_version_of_the_initial_weights_takes_precedence(registry: Registry) -> None:
    first, second = made(registry, 1), made(registry, 2)
    registry.set_alias(NAME, "champion", second, "good")
    assert parent(registry, made(registry, 3, init_from=1)) == Parent(first, "whose weights it began with")


def test_a_run_resumed_from_its_own_checkpoint_is_not_its_own_parent(registry: Registry) -> None:
    first = made(registry, 1)
    second = made(registry, 2, resumed_from=2)
    assert parent(registry, second) == Parent(first, "the version before")


def test_a_recorded_parent_is_known_in_a_registry_without_it(registry: Registry, tmp_path: Path) -> None:
    first = registry.register(NAME, {"card.json": b"[1]"}, config={"seed": 1, "model": {"channels": 4}})
    config = {"seed": 2, "model": {"channels": 4}}
    found = find_parent(registry, NAME, {}, config, registry.now())
    assert found is not None
    assert (found.version, [tuple(change) for change in found.changes]) == (first, [("seed", "1", "2")])
    noted = {"parent": found.to_lineage()}
    child = registry.register(NAME, {"card.json": b"[2]"}, config=config, lineage=noted)
    manifest = registry.versions(NAME).manifest(child)
    assert parent_of(registry, manifest) == parent_of(Registry(tmp_path / "elsewhere"), manifest) == found


@pytest.mark.parametrize(
    "noted", [7, {}, {"version": "v20260101.1"}, {"version": 1, "why": "", "changes": 3}]
)
def test_a_malformed_recorded_parent_is_ignored(noted: object, registry: Registry) -> None:
    first = made(registry, 1)
    child = registry.register(NAME, {"card.json": b"[2]"}, lineage={"parent": noted})
    assert parent(registry, child) == Parent(first, "the version before")
