"""Ed25519 signatures (RFC 8032) over manifests, and through the digests in them over every file of a version.

`cryptography` is imported inside the functions that need it: most commands sign and verify nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from raasid.io.atomic import sync_file, temporary_path
from raasid.registry.errors import KeyUnusable, SignatureRefused
from raasid.registry.record_chain import canonical_json
from raasid.registry.records import Manifest, Signature
from raasid.registry.registry import ManifestSigner

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNING_KEY = "RAASID_SIGNING_KEY"
"""Environment variable: file of the private key to sign with; `raasid registry key` makes one."""
TRUSTED_KEYS = "RAASID_TRUSTED_KEYS"
"""Environment variable: file of trusted public keys, one of 64 hex digits per line; # begins a comment."""
_PURPOSE = b"raasid manifest 1\n"
"""Prefix of the signed bytes, so that a signature is valid for nothing else."""
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


def make_key(private: Path) -> str:
    """Write a new private key, readable by its owner only, and return the public key.

    The file is PEM (PKCS 8), as `openssl genpkey -algorithm ed25519` writes it.
    Raises KeyUnusable if the file exists or cannot be written, DiskFull.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with temporary_path(private.parent, private.name, len(pem)) as draft:
            draft.chmod(0o600)
            draft.write_bytes(pem)
            sync_file(draft)
            os.link(draft, private)  # unlike a rename, it replaces no key
    except OSError as error:
        raise KeyUnusable(private, f"no key can be written there ({error.strerror})") from error
    return _public_hex(key)


def signer(private: Path) -> ManifestSigner:
    """Return a function for `Registry.register` that signs with this private key. Raises KeyUnusable."""
    key = _load_private_key(private)
    public = _public_hex(key)

    def sign(manifest: Manifest) -> Signature:
        return Signature(key=public, value=key.sign(signed_bytes(manifest)).hex())

    return sign


def signer_from_env() -> ManifestSigner | None:
    """Return a signer for the key that RAASID_SIGNING_KEY names; None if it is unset. Raises KeyUnusable."""
    path = os.environ.get(SIGNING_KEY)
    if not path:
        return None
    return signer(Path(path))


def trusted_keys(file: Path | None = None) -> frozenset[str] | None:
    """Return the public keys in `file` or in that which RAASID_TRUSTED_KEYS names; None if neither is given.

    Raises KeyUnusable if the file is missing, malformed or empty.
    """
    named = os.environ.get(TRUSTED_KEYS)
    if file is None and not named:
        return None
    path = file or Path(str(named))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(path, f"no list of keys can be read there ({error})") from error
    keys = [key.lower() for line in lines if (key := line.partition("#")[0].strip())]
    for key in keys:
        if _PUBLIC_KEY.fullmatch(key) is None:
            raise KeyUnusable(path, f"{key[:80]!r} is no public key of 64 hex digits")
    if not keys:
        raise KeyUnusable(path, "names no key; an empty list cannot be told from a truncated one")
    return frozenset(keys)


def verify(manifest: Manifest, trusted: frozenset[str]) -> None:
    """Check that one of the trusted keys signed this very manifest. Raises SignatureRefused."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    what, signature = f"{manifest.name} {manifest.version}", manifest.signature
    if signature is None:
        raise SignatureRefused(what, "is not signed, and only signed versions are trusted here")
    if signature.key not in trusted:
        raise SignatureRefused(what, f"is signed by {signature.key[:64]}, who is not trusted here")
    try:
        if _SIGNATURE.fullmatch(signature.value) is None:
            raise InvalidSignature
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.key))
        key.verify(bytes.fromhex(signature.value), signed_bytes(manifest))
    except (InvalidSignature, ValueError) as error:
        raise SignatureRefused(what, f"is not what {signature.key[:64]} has signed") from error


def signed_bytes(manifest: Manifest) -> bytes:
    """Return what a signature covers: the whole manifest except the signature."""
    return _PURPOSE + canonical_json(manifest.model_dump(exclude={"signature"}))


def _load_private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(path, f"others can read this private key; chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyUnusable(path, f"no private key can be read there ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(path, "is no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(path, f"is a {type(key).__name__}; Ed25519 is needed")
    return key


def _public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
