"""After a failure at any filesystem call the registry is sound, in the old or the new state."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from faulty_filesystems import ForgetfulFileSystem, PowerCut, WatchedFileSystem, counted, failing, killing
from operations import NAME, OPERATIONS, Operation, prepared, readable, registry_at, state
from soak import rounds

from raasid.registry.errors import RegistryUnwritable
from raasid.registry.fsck import fsck

REFUSALS = {
    "EIO": (errno.EIO, False),
    "ENOSPC": (errno.ENOSPC, True),
    "EDQUOT": (errno.EDQUOT, True),
    "read-only": (errno.EROFS, True),
}
POWER_CUTS = range(rounds(3, 12))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "registry"
    prepared(root)
    return root


def copy_of(sample: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(sample, folder))


def watched(operation: Operation, sample: Path, folder: Path) -> WatchedFileSystem:
    fs = counted()
    operation(registry_at(copy_of(sample, folder), fs))
    return fs


def outcomes(sample: Path, folder: Path, operation: Operation) -> list[object]:
    """Return the state before the operation and after it."""
    root = copy_of(sample, folder)
    before = state(registry_at(root))
    operation(registry_at(root))
    return [before, state(registry_at(root))]


def assert_sound(root: Path, allowed: list[object], collecting: bool) -> None:
    """Check for the old or new state; collecting: each version may be freed or not."""
    registry = registry_at(root)
    assert fsck(registry) == []
    readable(registry)
    now = state(registry)
    if collecting:
        before, after = allowed
        assert now[1:] == before[1:]  # type: ignore[index]
        for was, is_now, will in zip(before[0], now[0], after[0], strict=True):  # type: ignore[index]
            assert is_now in (was, will)
    else:
        assert now in allowed


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_kill_at_any_call_leaves_the_old_or_the_new_state(name: str, sample: Path, tmp_path: Path) -> None:
    operation, root = OPERATIONS[name], tmp_path / "registry"
    allowed = outcomes(sample, root, operation)
    for at in watched(operation, sample, root).kill_points:
        copy_of(sample, root)
        child = os.fork()
        if child == 0:
            try:
                operation(registry_at(root, killing(at)))
            finally:
                os._exit(77)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"call {at} was not reached"
        assert_sound(root, allowed, name == "collect")
        operation(registry_at(root))  # and it can be repeated
        assert fsck(registry_at(root)) == []


@pytest.mark.soak
@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_refusal_at_any_call_leaves_the_old_or_the_new_state(
    name: str, refusal: str, sample: Path, tmp_path: Path
) -> None:
    operation, root = OPERATIONS[name], tmp_path / "registry"
    code, permanent = REFUSALS[refusal]
    allowed = outcomes(sample, root, operation)
    trace = watched(operation, sample, root)
    for at in trace.kill_points if permanent else range(1, trace.calls + 1):
        copy_of(sample, root)
        registry = registry_at(root, failing(at, code, permanent=permanent))
        with suppress(RegistryUnwritable, OSError):
            operation(registry)
        assert_sound(root, allowed, name == "collect")
        # the same process continues when the filesystem works again
        registry.fs.before = lambda number, name: None  # type: ignore[attr-defined]
        operation(registry)
        assert_sound(root, [*allowed, state(registry_at(root))], False)


def test_a_refused_write_is_reported_with_advice(sample: Path, tmp_path: Path) -> None:
    root = copy_of(sample, tmp_path / "registry")
    with pytest.raises(
        RegistryUnwritable, match=r"registering ball_model: .*No space left.*repeat the command"
    ):
        OPERATIONS["register"](registry_at(root, _full()))


def test_no_lock_is_ever_requested(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a filesystem without a lock daemon every lock call fails with ENOLCK."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    for call in ("flock", "lockf", "fcntl"):
        monkeypatch.setattr(fcntl, call, refuse)
    monkeypatch.setattr(os, "lockf", refuse)
    for operation in OPERATIONS.values():
        operation(registry_at(copy_of(sample, tmp_path / "registry")))


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_power_cut_that_loses_unsynced_data_loses_no_acknowledged_change(name: str) -> None:
    operation, root = OPERATIONS[name], Path("/shared/registry")

    def run(cut_at: int) -> tuple[ForgetfulFileSystem, bool, int]:
        fs = ForgetfulFileSystem()
        fs.make_folder(Path("/shared"))
        fs.sync_folder(Path("/"))
        prepared(root, fs)
        fs.calls, fs.cut_at = 0, cut_at
        try:
            operation(registry_at(root, fs))
        except PowerCut:
            return fs, False, fs.calls
        return fs, True, fs.calls

    whole, _, calls = run(0)
    after = state(registry_at(root, whole))
    before = state(prepared(root, _memory()))
    for at in range(1, calls + 2):
        fs, acknowledged, _ = run(at)
        for seed in POWER_CUTS:
            survivor = registry_at(root, fs.after_power_cut(seed))
            assert fsck(survivor) == [], (at, seed)
            readable(survivor)
            now = state(survivor)
            if acknowledged:
                assert now == after
            elif name != "collect":
                assert now in (before, after)


def test_a_writer_killed_before_its_sync_leaves_no_gap_before_the_next_version() -> None:
    root, builds = Path("/shared/registry"), set()
    for at in range(1, 200):
        fs = _memory()
        fs.sync_folder(Path("/"))
        prepared(root, fs)
        fs.calls, fs.cut_at = 0, at
        killed = True
        try:
            registry_at(root, fs).register(NAME, {"card.json": b"{}"})
            killed = False
        except PowerCut:
            pass
        fs.cut_at = 0
        version = registry_at(root, fs).register(NAME, {"card.json": b"[]"})
        builds.add(version.build)
        for seed in POWER_CUTS:
            survivor = registry_at(root, fs.after_power_cut(seed))
            assert fsck(survivor) == [], (at, seed)
            assert survivor.versions(NAME).latest() == version, (at, seed)
        if not killed:
            break
    assert not killed
    assert len(builds) == 2, "killed before and after the number was taken"


def _memory() -> ForgetfulFileSystem:
    fs = ForgetfulFileSystem()
    fs.make_folder(Path("/shared"))
    return fs


def _full() -> WatchedFileSystem:
    before: Callable[[int, str], None]

    def before(number: int, name: str) -> None:
        if name == "write":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file")

    return WatchedFileSystem(before)
