from __future__ import annotations

from pathlib import Path

from operations import NAME, files, registry_at

from raasid.registry.lineage import find_versions_by_digest


def test_a_version_is_found_by_the_files_it_holds_and_by_the_outputs_of_its_run(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    lineage = {"outputs": {"checkpoint": {"path": "best.ckpt", "sha256": "a" * 64}, "odd": "nothing"}}
    version = registry.register(NAME, files(1), lineage=lineage)
    held = registry.versions(NAME).manifest(version).files["model.safetensors"].sha256

    found = find_versions_by_digest(registry, {"a" * 64, held, "f" * 64})

    assert {sha256: str(ref) for sha256, ref in found.items()} == {
        "a" * 64: f"{NAME} {version}",
        held: f"{NAME} {version}",
    }


def test_of_two_versions_with_the_same_file_the_newest_is_found(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    versions = [registry.register(NAME, files(1)) for _ in range(2)]
    held = registry.versions(NAME).manifest(versions[0]).files["model.safetensors"].sha256

    assert find_versions_by_digest(registry, {held})[held].version == versions[1]
    assert find_versions_by_digest(registry, set()) == {}
