from __future__ import annotations

import os
from pathlib import Path

import pytest
from faulty_filesystems import counted, killing
from operations import NAME, registry_at

from raasid.deploy.gate_looks import GateLooks
from raasid.registry.change_history import ChangeHistory
from raasid.registry.errors import RegistryDamaged
from raasid.registry.fsck import fsck

TEST_SET, OTHER = "ab" * 32, "cd" * 32


def look(registry, challenger="run-1", champion="v20261101.1"):
    return GateLooks(registry, TEST_SET).add(NAME, champion, challenger, "the drift trigger fired")


def test_each_challenger_and_each_champion_is_a_look(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    assert GateLooks(registry, TEST_SET).count() == 0
    assert [look(registry), look(registry, "run-2"), look(registry, "run-2", "v20261102.1")] == [1, 2, 3]
    assert GateLooks(registry_at(tmp_path), TEST_SET).count() == 3
    assert GateLooks(registry, OTHER).count() == 0
    assert fsck(registry) == []


def test_a_comparison_that_is_repeated_after_a_kill_is_the_same_look(tmp_path: Path) -> None:
    look(registry_at(tmp_path), "run-0")
    fs = counted()
    look(registry_at(tmp_path, fs))
    for at in fs.kill_points:
        child = os.fork()
        if child == 0:
            try:
                look(registry_at(tmp_path, killing(at)), f"killed at {at}")
            finally:
                os._exit(77)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        before = GateLooks(registry_at(tmp_path), TEST_SET).count()
        number = look(registry_at(tmp_path), f"killed at {at}")
        assert number in (before, before + 1)
        assert number == look(registry_at(tmp_path), f"killed at {at}")
    assert fsck(registry_at(tmp_path)) == []


def test_two_processes_count_two_looks(tmp_path: Path) -> None:
    one, other = (GateLooks(registry_at(tmp_path), TEST_SET) for _ in range(2))
    assert (one.count(), other.count()) == (0, 0)
    assert one.add(NAME, "v20261101.1", "run-1") == 1
    assert other.add(NAME, "v20261101.1", "run-2") == 2


def test_a_look_is_part_of_the_log(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    look(registry)
    (entry,) = ChangeHistory(registry).newest_first()
    assert (entry.action, entry.carried_out, entry.reason) == ("gate", True, "the drift trigger fired")
    assert entry.concerns(NAME)


def test_a_changed_or_removed_look_is_noticed(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    look(registry)
    look(registry, "run-2")
    path = tmp_path / "gate_looks" / TEST_SET / "00000002.json"
    text = path.read_bytes()
    path.write_bytes(text.replace(b"run-2", b"run-3"))
    assert [finding.path for finding in fsck(registry)] == [path.relative_to(tmp_path).as_posix()]
    with pytest.raises(RegistryDamaged):
        look(registry_at(tmp_path), "run-4")
    path.unlink()
    assert "the log tells that it was written" in str(fsck(registry)[0])
