"""The version that a run has registered: found again, so that a resumed run makes no second one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from operations import NAME, NOW, files, registry_at

from raasid.registry.lineage import find_version_of_run
from raasid.registry.registry import Registry

TIME = datetime.fromtimestamp(NOW, UTC)


def test_a_version_is_found_by_the_identity_of_its_run(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    assert find_version_of_run(registry, NAME, "b", TIME) is None
    versions = [registry.register(NAME, files(1), lineage={"run_id": each}) for each in "abc"]
    registry.register(NAME, files(1))  # of another program

    assert find_version_of_run(registry, NAME, "b", TIME) == versions[1]
    assert find_version_of_run(registry, NAME, "d", TIME) is None
    assert find_version_of_run(registry, "pose_model", "b", TIME) is None


def test_versions_of_long_before_the_run_are_not_read(tmp_path: Path) -> None:
    old = Registry(tmp_path, clock=lambda: NOW - 9 * 86400)
    damaged, behind = (old.register(NAME, files(1), lineage={"run_id": each}) for each in "ab")
    path = old.versions(NAME).manifest_path(damaged)
    path.chmod(0o644)
    path.write_text("{")
    assert behind > damaged

    assert find_version_of_run(registry_at(tmp_path), NAME, "z", TIME) is None


def test_a_clock_that_is_behind_hides_no_version(tmp_path: Path) -> None:
    version = registry_at(tmp_path).register(NAME, files(1), lineage={"run_id": "a"})

    assert find_version_of_run(registry_at(tmp_path), NAME, "a", TIME + timedelta(hours=5)) == version
