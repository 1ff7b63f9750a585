from __future__ import annotations

from pathlib import Path

from operations import NAME, files, registry_at

from raasid.registry.lineage import find_versions_by_digest


def test_a_file_is_known_by_what_a_version_holds_and_by_what_its_run_wrote(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    lineage = {"outputs": {"checkpoint": {"path": "best.ckpt", "sha256": "a" * 64}, "odd": "nothing"}}
    version = registry.register(NAME, files(1), lineage=lineage)
    held = registry.versions(NAME).manifest(version).files["model.safetensors"].sha256

    found = find_versions_by_digest(registry, {"a" * 64, held, "f" * 64})

    assert {sha256: str(ref) for sha256, ref in found.items()} == {
        "a" * 64: f"{NAME} {version}",
        held: f"{NAME} {version}",
    }


def test_of_two_versions_with_one_file_the_newest_counts(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    versions = [registry.register(NAME, files(1)) for _ in range(2)]
    held = registry.versions(NAME).manifest(versions[0]).files["model.safetensors"].sha256

    assert find_versions_by_digest(registry, {held})[held].version == versions[1]
    assert find_versions_by_digest(registry, set()) == {}
