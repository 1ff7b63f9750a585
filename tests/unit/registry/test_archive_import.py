"""An imported version is checked like one that is registered here."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path

import pytest
from tensor_files import tensor_file

from raasid.registry.archive import export_version, import_version
from raasid.registry.errors import PackageRefused, SignatureRefused
from raasid.registry.names import Version
from raasid.registry.record_chain import decode_record, encode_record, sha256_hex
from raasid.registry.records import Manifest, PackageFile
from raasid.registry.registry import Registry
from raasid.registry.signing import make_key, signer

FILES = {"model.safetensors": tensor_file(), "card.json": b"{}"}


@pytest.fixture
def home(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "home", author="tester")


@pytest.fixture
def abroad(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "abroad", author="tester")


def exported(registry: Registry, version: Version, path: Path) -> Path:
    export_version(registry, "ball_model", version, path)
    return path


def with_another(path: Path, member: str, content: bytes) -> Path:
    """Replace a file of an exported version, and update manifest and digests to match."""
    with tarfile.open(path) as tar:
        held = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    manifest: Manifest = Manifest.from_body(decode_record(held["manifest.json"], path), str(path))
    changed = manifest.files | {member: PackageFile(sha256=sha256_hex(content), bytes=len(content))}
    held["manifest.json"] = encode_record(manifest.model_copy(update={"files": changed}).model_dump())
    held[f"objects/{sha256_hex(content)}"] = content
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in held.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps({"weights": [1]}), "its header has [0-9]+ bytes"),
        (tensor_file()[:-1], "is no safetensors file, or truncated"),
    ],
    ids=["pickle", "truncated"],
)
def test_a_version_with_a_hostile_file_is_not_imported(
    content: bytes, reason: str, home: Registry, abroad: Registry, tmp_path: Path
) -> None:
    file = exported(home, home.register("ball_model", FILES), tmp_path / "x.tar")
    with pytest.raises(PackageRefused, match=f"model.safetensors: {reason}"):
        import_version(abroad, with_another(file, "model.safetensors", content), "x")
    assert not abroad.root.exists()


def test_where_keys_are_trusted_only_versions_that_they_signed_are_imported(
    home: Registry, abroad: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, listed = tmp_path / "key.pem", tmp_path / "keys.txt"
    listed.write_text(make_key(key))
    monkeypatch.setenv("RAASID_TRUSTED_KEYS", str(listed))
    signed = home.register("ball_model", FILES, sign=signer(key))
    unsigned = home.register("ball_model", FILES)
    file = exported(home, unsigned, tmp_path / "unsigned.tar")
    with pytest.raises(SignatureRefused, match="is not signed"):
        import_version(abroad, file, "x")
    forged = with_another(exported(home, signed, tmp_path / "forged.tar"), "card.json", b"[]")
    with pytest.raises(SignatureRefused, match="is not what"):
        import_version(abroad, forged, "x")
    assert not abroad.root.exists()
    import_version(abroad, exported(home, signed, tmp_path / "signed.tar"), "x")
    assert abroad.resolve("ball_model", "latest") == signed
