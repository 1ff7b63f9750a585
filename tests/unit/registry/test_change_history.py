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

Open = Callable[[], Registry]


@pytest.fixture
def ticking(tmp_path: Path) -> Open:
    """Opens the registry as another process would; every look at the clock is a second later."""
    seconds = iter(range(1_000_000))
    return lambda: Registry(tmp_path / "registry", author="tester", clock=lambda: NOW + next(seconds))


def journal(registry: Registry) -> list[ChangeEntry]:
    """The oldest first, as the changes were made."""
    return list(ChangeHistory(registry).newest_first())[::-1]


def versions(registry: Registry, count: int) -> list[Version]:
    return [registry.register(NAME, files(number), reason=f"build {number}") for number in range(count)]


def forget_what_was_done(registry: Registry) -> None:
    """Leave the log as a crash leaves it, right behind the record and before the line that tells of it."""

    def nothing(op: str, record: Path) -> None: ...

    registry.log.done = nothing  # type: ignore[method-assign]


@pytest.mark.parametrize("told", [True, False])
def test_changes_are_told_with_what_came_of_them(ticking: Open, told: bool) -> None:
    registry = ticking()
    if not told:
        forget_what_was_done(registry)
    first, second = versions(registry, 2)
    registry.set_alias(NAME, "champion", first, "the only one")
    registry.set_alias(NAME, "champion", second, "better")
    registry.switch_routes([route(first)], "go")
    registry.switch_routes([route(second)], "go on")
    registry.add_evaluation(NAME, first, "test", {}, {"accuracy": MetricValue(value=0.5)}, "new footage")
    registry.note("looked at it")

    found = journal(ticking())

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
def test_what_was_announced_before_a_crash_was_not_carried_out(
    ticking: Open, action: str, changes: dict[str, object]
) -> None:
    registry = ticking()
    version = versions(registry, 1)[0]
    assert str(version) == "v20261118.1"
    registry.set_alias(NAME, "champion", version, "first")
    registry.announce(action, changes, "then the power went")

    assert [entry.carried_out for entry in journal(ticking())] == [True, True, False]


def test_whoever_comes_second_has_changed_nothing(ticking: Open) -> None:
    from raasid.registry.errors import ConcurrentUpdate

    registry = ticking()
    first, second = versions(registry, 2)
    registry.set_alias(NAME, "champion", first, "first")
    with pytest.raises(ConcurrentUpdate):
        registry.set_alias(NAME, "champion", second, "too late", expect="none")

    assert [entry.reason for entry in journal(ticking()) if not entry.carried_out] == ["too late"]


def test_versions_that_were_freed_or_came_from_elsewhere_are_told(ticking: Open, tmp_path: Path) -> None:
    registry = ticking()
    made = versions(registry, 3)
    export_version(registry, NAME, made[-1], tmp_path / "x.tar")
    collect_garbage(registry, RetentionPolicy(newest=1, window=1, grace_s=-1e10), "room")
    other = Registry(tmp_path / "other", author="somebody")
    import_version(other, tmp_path / "x.tar", "a copy")

    freed, taken = journal(ticking())[-1], journal(Registry(tmp_path / "other"))[0]

    assert (freed.action, freed.carried_out) == ("gc", True)
    assert freed.changes["versions"] == [f"{NAME} {version}" for version in made[:2][::-1]]
    assert (taken.action, taken.carried_out, taken.changes["version"]) == ("import", True, str(made[-1]))


def test_changes_of_another_model_are_told_apart(ticking: Open) -> None:
    registry = ticking()
    ball = versions(registry, 1)[0]
    registry.register("pose_model", files(9), reason="pose")
    registry.switch_routes([route(ball)], "go")
    registry.switch_routes([], "stop")

    assert [e.reason for e in journal(ticking()) if e.concerns(NAME)] == ["build 0", "go", "stop"]
    assert [e.reason for e in journal(ticking()) if e.concerns("pose_model")] == ["pose"]


def test_a_damaged_file_of_the_log_is_named_and_the_rest_is_told(ticking: Open) -> None:
    versions(ticking(), 1)
    ticking().note("from another process")
    damaged = min(ticking().log.folder.iterdir(), key=lambda path: b"another" in path.read_bytes())
    damaged.write_bytes(damaged.read_bytes().replace(b"build 0", b"build 1"))

    looked = ChangeHistory(ticking())

    assert [entry.reason for entry in looked.newest_first()] == ["from another process"]
    assert len(looked.damage) == 1
    assert damaged.name in str(looked.damage[0])


def test_a_damaged_manifest_is_named_and_the_others_are_found(ticking: Open) -> None:
    registry = ticking()
    forget_what_was_done(registry)
    first, second = versions(registry, 2)
    path = registry.versions(NAME).folder_of(second) / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"build 1", b"build 7"))

    looked = ChangeHistory(ticking())
    found = list(looked.newest_first())

    assert [(entry.version, entry.carried_out) for entry in found] == [(None, False), (str(first), True)]
    assert [error.path for error in looked.damage] == [str(path)]


def test_an_empty_folder_has_no_history(tmp_path: Path) -> None:
    assert journal(Registry(tmp_path / "nowhere")) == []
