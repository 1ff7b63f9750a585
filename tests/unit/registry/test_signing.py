"""Only a version signed by a trusted key is verified."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from raasid.errors import Exit
from raasid.registry.errors import KeyUnusable, SignatureRefused
from raasid.registry.record_chain import decode_record
from raasid.registry.records import Manifest, MetricValue, Signature
from raasid.registry.registry import Registry
from raasid.registry.signing import make_key, signer, trusted_keys, verify


def registered(root: Path, key: Path | None) -> Manifest:
    registry = Registry(root, author="tester")
    version = registry.register(
        "ball_model",
        {"card.json": b"{}"},
        model={"channels": 4, "scales": (1.5, 2)},
        metrics={"f1": MetricValue(value=0.1 + 0.2, low=0, high=1)},
        sign=None if key is None else signer(key),
    )
    path = registry.versions("ball_model").folder_of(version) / "manifest.json"
    read: Manifest = Manifest.from_body(
        decode_record(path.read_bytes(), path), str(path)
    )  # as another process sees it
    return read


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "private.pem"


def test_a_signed_manifest_is_verified_by_another_process(key: Path, tmp_path: Path) -> None:
    public = make_key(key)
    verify(registered(tmp_path / "registry", key), frozenset({public}))


def test_the_signature_covers_every_field_of_a_manifest(key: Path, tmp_path: Path) -> None:
    trusted = frozenset({make_key(key)})
    manifest = registered(tmp_path / "registry", key)
    (file,) = manifest.files.values()
    changed = {
        "op": "x", "author": "x", "time": "x", "reason": "x", "name": "pose_model", "version": "v20300101.1",
        "files": {"card.json": file.model_copy(update={"sha256": "0" * 64})}, "model": {"channels": 8},
        "config": {"seed": 1}, "metrics": {"f1": MetricValue(value=1.0)}, "lineage": {"run": "x"},
        "format": 2,
    }  # fmt: skip
    assert changed.keys() == Manifest.model_fields.keys() - {"signature"}
    for field, value in changed.items():
        with pytest.raises(SignatureRefused, match=r"is not what .* has signed"):
            verify(manifest.model_copy(update={field: value}), trusted)


def test_missing_invalid_and_untrusted_signatures_are_refused(key: Path, tmp_path: Path) -> None:
    public = make_key(key)
    untrusted = make_key(tmp_path / "untrusted.pem")
    unsigned = registered(tmp_path / "registry", None)
    with pytest.raises(SignatureRefused, match=r"ball_model v\d+\.1: is not signed") as refused:
        verify(unsigned, frozenset({public}))
    assert refused.value.exit == Exit.REFUSED
    signed = registered(tmp_path / "registry", key)
    with pytest.raises(SignatureRefused, match=f"signed by {public}, who is not trusted"):
        verify(signed, frozenset({untrusted}))
    for value in ("", "0" * 128, "zz" * 64, str(signed.signature and signed.signature.value)[:-2]):
        forged = signed.model_copy(update={"signature": Signature(key=public, value=value)})
        with pytest.raises(SignatureRefused, match="is not what"):
            verify(forged, frozenset({public}))


def test_a_private_key_is_readable_by_its_owner_only_and_never_overwritten(key: Path) -> None:
    make_key(key)
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    with pytest.raises(KeyUnusable, match="no key can be written there"):
        make_key(key)
    assert key.read_bytes() == before
    key.chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        signer(key)


def test_a_key_made_by_openssl_can_sign(key: Path, tmp_path: Path) -> None:
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], capture_output=True)
    if made.returncode:
        pytest.skip("openssl without Ed25519")
    key.chmod(0o600)
    manifest = registered(tmp_path / "registry", key)
    assert manifest.signature is not None
    verify(manifest, frozenset({manifest.signature.key}))


def test_a_file_without_an_ed25519_key_is_refused(key: Path) -> None:
    rsa = generate_private_key(65537, 1024)
    pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, reason in ((b"", "no private key in PEM"), (pem, "Ed25519 is needed")):
        key.write_bytes(content)
        key.chmod(0o600)
        with pytest.raises(KeyUnusable, match=reason):
            signer(key)
    with pytest.raises(KeyUnusable, match="No such file"):
        signer(key.with_name("nowhere.pem"))


def test_trusted_keys_come_from_a_list_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAASID_TRUSTED_KEYS", raising=False)
    assert trusted_keys() is None
    listed = tmp_path / "keys.txt"
    listed.write_text(f"# us\n{'ab' * 32}  # Ada\n\n{'CD' * 32}\n")
    assert trusted_keys(listed) == frozenset({"ab" * 32, "cd" * 32})
    monkeypatch.setenv("RAASID_TRUSTED_KEYS", str(listed))
    assert trusted_keys() == frozenset({"ab" * 32, "cd" * 32})


@pytest.mark.parametrize("content", ["", "# comment\n", "ab\n", "zz" * 32])
def test_an_empty_or_malformed_key_list_is_refused(content: str, tmp_path: Path) -> None:
    listed = tmp_path / "keys.txt"
    listed.write_text(content)
    with pytest.raises(KeyUnusable):
        trusted_keys(listed)
    with pytest.raises(KeyUnusable, match="no list of keys"):
        trusted_keys(tmp_path / "nowhere.txt")
