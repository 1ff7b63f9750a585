"""Versions are ordered by day and number, not alphabetically."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import NAME, NOW, registry_at
from soak import rounds

from raasid.registry.archive import export_version, import_version
from raasid.registry.filesystem import AtomicWriter, FileSystem
from raasid.registry.fsck import fsck
from raasid.registry.names import Version
from raasid.registry.versions import ModelVersions

DAY = 86_400.0


def test_the_newest_versions_come_first_over_days_and_from_nine_to_ten(tmp_path: Path) -> None:
    made = []
    for day, count in ((0, 12), (1, 1), (2, 11)):
        registry = registry_at(tmp_path / "registry", now=NOW + day * DAY)
        made += [registry.register(NAME, {"card.json": b"[%d]" % n}) for n in range(count)]
    (tmp_path / "registry" / "models" / NAME / "versions" / "notes").mkdir()
    versions = registry_at(tmp_path / "registry").versions(NAME)
    assert list(versions.newest_first()) == sorted(made, reverse=True) == made[::-1]
    assert versions.names() == made
    assert versions.latest() == made[-1]
    assert versions.count() == len(made)
    assert [str(v) for v in registry_at(tmp_path / "registry").versions("other").newest_first()] == []


def test_versions_behind_a_gap_left_by_an_import_are_found(tmp_path: Path) -> None:
    source, target = registry_at(tmp_path / "source"), registry_at(tmp_path / "target")
    made = [source.register(NAME, {"card.json": b"[%d]" % n}) for n in range(9)]
    for version in (made[6], made[2]):
        archive = tmp_path / f"{version}.tar"
        export_version(source, NAME, version, archive)
        import_version(target, archive, "needed here")
    there = target.versions(NAME)
    assert list(there.newest_first()) == [made[6], made[2]]
    assert there.count() == 2
    assert fsck(target) == []
    assert target.register(NAME, {"card.json": b"[9]"}).build == 8


@settings(max_examples=rounds(20, 300))
@pytest.mark.soak
@given(st.lists(st.integers(1, 70), min_size=1, max_size=6))
def test_the_last_number_is_found_while_other_processes_register(batches: list[int]) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "models" / NAME / "versions"
        versions = ModelVersions(Path(folder), NAME, AtomicWriter(FileSystem()))
        versions.days.mark("20261123")
        total = 0
        for more in batches:
            for build in range(total + 1, total + more + 1):
                (home / f"v20261123.{build}").mkdir(parents=True)
                (home / f"v20261123.{build}" / "manifest.json").touch()
            total += more
            assert versions.count() == total
            assert versions.latest() == Version("20261123", total)


def test_a_removed_version_is_reported(tmp_path: Path) -> None:
    registry = registry_at(tmp_path / "registry")
    second = [registry.register(NAME, {"card.json": b"[%d]" % n}) for n in range(4)][1]
    rmtree(registry.versions(NAME).folder_of(second))
    assert any(str(second) in finding.path and "is missing" in finding.what for finding in fsck(registry))
