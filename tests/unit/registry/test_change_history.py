from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from operations import NAME, NOW, files, route

from raasid.registry.archive import export_version, import_version
from raasid.registry.change_history import ChangeEntry, ChangeHistory
from raasid.registry.gc import RetentionPolicy, collect_garbage
from raasid.registry.names import Version
from raasid.registry.records import MetricValue
from raasid.registry.registry import Registry

OpenRegistry = Callable[[], Registry]


@pytest.fixture
def open_registry(tmp_path: Path) -> OpenRegistry:
    """Return a function that opens the registry as a new process would; its clock ticks at every reading."""
    seconds = iter(range(1_000_000))
    return lambda: Registry(tmp_path / "registry", author="tester", clock=lambda: NOW + next(seconds))


def entries_of(registry: Registry) -> list[ChangeEntry]:
    """Return the changes in the order in which they were made."""
    return list(ChangeHistory(registry).newest_first())[::-1]


def versions(registry: Registry, count: int) -> list[Version]:
    return [registry.register(NAME, files(number), reason=f"build {number}") for number in range(count)]


def without_done_lines(registry: Registry) -> None:
    """Write no `done` lines, like a process that crashes after writing the record."""

    def nothing(op: str, record: Path) -> None: ...

    registry.log.done = nothing  # type: ignore[method-assign]


@pytest.mark.parametrize("logged_done", [True, False])
def test_changes_are_listed_with_their_outcome(open_registry: OpenRegistry, logged_done: bool) -> None:
    registry = open_registry()
    if not logged_done:
        without_done_lines(registry)
    first, second = versions(registry, 2)
    registry.set_alias(NAME, "champion", first, "the only one")
    registry.set_alias(NAME, "champion", second, "better")
    registry.switch_routes([route(first)], "go")
    registry.switch_routes([route(second)], "go on")
    registry.add_evaluation(NAME, first, "test", {}, {"accuracy": MetricValue(value=0.5)}, "new footage")
    registry.note("a remark")

    found = entries_of(open_registry())

    assert [entry.action for entry in found] == [
        *("register", "register", "alias", "alias", "route", "route", "evaluate", "note")
    ]
    assert all(entry.carried_out for entry in found)
    assert [entry.version for entry in found[:2]] == [str(first), str(second)]
    assert found[2].before is None
    assert found[3].before is not None
    assert found[3].before["version"] == str(first)
    assert found[5].before is not None
    assert [each["version"] for each in found[5].before["routes"]] == [str(first)]
    assert [entry.reason for entry in found[2:4]] == ["the only one", "better"]
    assert {entry.author for entry in found} == {"tester"}


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        ("register", {"name": NAME}),
        ("alias", {"name": NAME, "alias": "champion", "version": "v20261118.1"}),
        ("route", {"routes": []}),
        ("evaluate", {"name": NAME, "version": "v20261118.1", "split": "test"}),
        ("gc", {"versions": [f"{NAME} v20261118.1"], "bytes": 1}),
        ("import", {"name": NAME, "version": "v20261118.9", "manifest": "0" * 64, "file": "x.tar"}),
        ("take back", {"record": f"models/{NAME}/aliases/champion/00000001.json"}),
        ("queue", {"for": "wandb", "what": "a version"}),
        ("send", {"to": "wandb", "entry": 1}),
    ],
)
def test_a_change_announced_before_a_crash_was_not_carried_out(
    open_registry: OpenRegistry, action: str, changes: dict[str, object]
) -> None:
    registry = open_registry()
    version = versions(registry, 1)[0]
    assert str(version) == "v20261118.1"
    registry.set_alias(NAME, "champion", version, "first")
    registry.announce(action, changes, "then the power went")

    assert [entry.carried_out for entry in entries_of(open_registry())] == [True, True, False]


def test_a_concurrent_update_that_lost_was_not_carried_out(open_registry: OpenRegistry) -> None:
    from raasid.registry.errors import ConcurrentUpdate

    registry = open_registry()
    first, second = versions(registry, 2)
    registry.set_alias(NAME, "champion", first, "first")
    with pytest.raises(ConcurrentUpdate):
        registry.set_alias(NAME, "champion", second, "too late", expect="none")

    assert [entry.reason for entry in entries_of(open_registry()) if not entry.carried_out] == ["too late"]


def test_freed_and_imported_versions_are_listed(open_registry: OpenRegistry, tmp_path: Path) -> None:
    registry = open_registry()
    made = versions(registry, 3)
    export_version(registry, NAME, made[-1], tmp_path / "x.tar")
    collect_garbage(registry, RetentionPolicy(newest=1, window=1, grace_s=-1e10), "room")
    other = Registry(tmp_path / "other", author="another")
    import_version(other, tmp_path / "x.tar", "a copy")

    freed, taken = entries_of(open_registry())[-1], entries_of(Registry(tmp_path / "other"))[0]

    assert (freed.action, freed.carried_out) == ("gc", True)
    assert freed.changes["versions"] == [f"{NAME} {version}" for version in made[:2][::-1]]
    assert (taken.action, taken.carried_out, taken.changes["version"]) == ("import", True, str(made[-1]))


def test_changes_are_filtered_by_model(open_registry: OpenRegistry) -> None:
    registry = open_registry()
    ball = versions(registry, 1)[0]
    registry.register("pose_model", files(9), reason="pose")
    registry.switch_routes([route(ball)], "go")
    registry.switch_routes([], "stop")

    assert [e.reason for e in entries_of(open_registry()) if e.concerns(NAME)] == ["build 0", "go", "stop"]
    assert [e.reason for e in entries_of(open_registry()) if e.concerns("pose_model")] == ["pose"]


def test_a_damaged_log_file_is_reported_and_the_rest_is_listed(open_registry: OpenRegistry) -> None:
    versions(open_registry(), 1)
    open_registry().note("from another process")
    damaged = min(open_registry().log.folder.iterdir(), key=lambda path: b"another" in path.read_bytes())
    damaged.write_bytes(damaged.read_bytes().replace(b"build 0", b"build 1"))

    history = ChangeHistory(open_registry())

    assert [entry.reason for entry in history.newest_first()] == ["from another process"]
    assert len(history.damage) == 1
    assert damaged.name in str(history.damage[0])


def test_a_damaged_manifest_is_reported_and_the_others_are_found(open_registry: OpenRegistry) -> None:
    registry = open_registry()
    without_done_lines(registry)
    first, second = versions(registry, 2)
    path = registry.versions(NAME).folder_of(second) / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"build 1", b"build 7"))

    history = ChangeHistory(open_registry())
    found = list(history.newest_first())

    assert [(entry.version, entry.carried_out) for entry in found] == [(None, False), (str(first), True)]
    assert [error.path for error in history.damage] == [str(path)]


def test_an_empty_folder_has_no_history(tmp_path: Path) -> None:
    assert entries_of(Registry(tmp_path / "nowhere")) == []
