"""A version that comes from elsewhere is looked into as one that is made here."""

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
from raasid.registry.record_chain import digest, sealed, unsealed
from raasid.registry.records import Manifest, Member
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
    """The exported version with a file exchanged, and everything else made to fit."""
    with tarfile.open(path) as tar:
        held = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    manifest: Manifest = Manifest.of(unsealed(held["manifest.json"], path), str(path))
    told = manifest.files | {member: Member(sha256=digest(content), bytes=len(content))}
    held["manifest.json"] = sealed(manifest.model_copy(update={"files": told}).model_dump())
    held[f"objects/{digest(content)}"] = content
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in held.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [(pickle.dumps({"weights": [1]}), "is a pickle"), (tensor_file()[:-1], "its header describes 4 bytes")],
    ids=["pickle", "cut short"],
)
def test_what_no_registry_takes_does_not_come_in_by_import(
    content: bytes, reason: str, home: Registry, abroad: Registry, tmp_path: Path
) -> None:
    file = exported(home, home.register("ball_model", FILES), tmp_path / "x.tar")
    with pytest.raises(PackageRefused, match=f"model.safetensors: {reason}"):
        import_version(abroad, with_another(file, "model.safetensors", content), "x")
    assert not abroad.root.exists()


def test_where_keys_are_trusted_only_what_they_signed_comes_in(
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
