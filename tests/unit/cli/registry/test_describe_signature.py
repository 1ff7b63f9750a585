from __future__ import annotations

from pathlib import Path

import pytest

from raasid.cli.registry.show import describe_signature
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.registry.signing import make_key, signer


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    monkeypatch.delenv("RAASID_TRUSTED_KEYS", raising=False)
    make_key(tmp_path / "key.pem")
    registry = Registry(tmp_path / "registry")
    version = registry.register("ball_model", {"card.json": b"{}"}, sign=signer(tmp_path / "key.pem"))
    return registry.versions("ball_model").manifest(version)


def key_of(manifest: Manifest) -> str:
    assert manifest.signature is not None
    return manifest.signature.key


def test_a_valid_signature_names_its_key(signed: Manifest) -> None:
    assert describe_signature(signed) == f"Ed25519, by the key {key_of(signed)[:12]}"


def test_a_manifest_changed_after_signing_is_called_wrong(signed: Manifest) -> None:
    changed = signed.model_copy(update={"reason": "another"})
    assert describe_signature(changed).startswith("WRONG")
    garbled = signed.model_copy(
        update={"signature": signed.signature and signed.signature.model_copy(update={"key": "zz"})}
    )
    assert describe_signature(garbled).startswith("WRONG")


@pytest.mark.parametrize(("own", "text"), [(True, ", trusted"), (False, ", NOT trusted here")])
def test_trust_in_the_key_is_stated(
    signed: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool, text: str
) -> None:
    (tmp_path / "keys").write_text(key_of(signed) if own else "0" * 64)
    monkeypatch.setenv("RAASID_TRUSTED_KEYS", str(tmp_path / "keys"))
    assert describe_signature(signed).endswith(text)
    unsigned = signed.model_copy(update={"signature": None})
    assert describe_signature(unsigned) == "none; only signed versions are trusted here"


def test_without_a_signature_there_is_none(signed: Manifest) -> None:
    assert describe_signature(signed.model_copy(update={"signature": None})) == "none"
