"""Who vouches for a version: an Ed25519 signature over its manifest, and with it over every file's digest.

Source: RFC 8032.

The key by which whoever works here signs what they register.

Whose signatures count here: a list of public keys that whoever runs the machine keeps.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from raasid.registry.errors import KeyUnusable, SignatureRefused
from raasid.registry.record_chain import canonical
from raasid.registry.records import Manifest, Signature
from raasid.registry.registry import Sign

_PURPOSE = b"raasid manifest 1\n"
"""Goes before what is signed, so that the signature is good for nothing else."""
_VALUE = re.compile(r"[0-9a-f]{128}")


def make_key(private: Path) -> str:
    """Write a new private key for its owner alone, and return the public key for the others' lists.

    The file is PEM (PKCS 8), as `openssl genpkey -algorithm ed25519` writes it.
    Raises KeyUnusable: the file is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        file = os.open(private, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(pem)
    except OSError as error:
        raise KeyUnusable(private, f"no key can be written there ({error.strerror})") from error
    return _public(key)


def signer(private: Path) -> Sign:
    """What signs manifests with a key, for `Registry.register`. Raises KeyUnusable."""
    key = _private_key(private)
    public = _public(key)

    def sign(manifest: Manifest) -> Signature:
        return Signature(key=public, value=key.sign(signed_bytes(manifest)).hex())

    return sign


def verify(manifest: Manifest, trusted: frozenset[str]) -> None:
    """Return where one of `trusted` has signed this very manifest. Raises SignatureRefused."""
    what, signature = f"{manifest.name} {manifest.version}", manifest.signature
    if signature is None:
        raise SignatureRefused(what, "is not signed, and only signed versions are trusted here")
    if signature.key not in trusted:
        raise SignatureRefused(what, f"is signed by {signature.key[:64]}, who is not trusted here")
    try:
        if _VALUE.fullmatch(signature.value) is None:
            raise InvalidSignature
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.key))
        key.verify(bytes.fromhex(signature.value), signed_bytes(manifest))
    except (InvalidSignature, ValueError) as error:
        raise SignatureRefused(what, f"is not what {signature.key[:64]} has signed") from error


def signed_bytes(manifest: Manifest) -> bytes:
    """What a signature is over: the whole manifest but the signature."""
    return _PURPOSE + canonical(manifest.model_dump(exclude={"signature"}))


def _private_key(path: Path) -> Ed25519PrivateKey:
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


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


SIGNING_KEY = "RAASID_SIGNING_KEY"
"""Environment variable: the file of a private key; `raasid registry key` makes one."""


def own_signer() -> Sign | None:
    """What signs with the key that RAASID_SIGNING_KEY names; None where it names none. Raises KeyUnusable."""
    named = os.environ.get(SIGNING_KEY)
    if not named:
        return None
    return signer(Path(named))


TRUSTED_KEYS = "RAASID_TRUSTED_KEYS"
"""Environment variable: a file of public keys, one a line, each of 64 hex digits; # begins a comment."""
_KEY = re.compile(r"[0-9a-f]{64}")


def trusted_keys(file: Path | None = None) -> frozenset[str] | None:
    """Public keys from `file`, or that which RAASID_TRUSTED_KEYS names; None where neither is given.

    Raises KeyUnusable for a file that is missing, or holds something else, or nothing.
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
        if _KEY.fullmatch(key) is None:
            raise KeyUnusable(path, f"{key[:80]!r} is no public key of 64 hex digits")
    if not keys:
        raise KeyUnusable(path, "names no key; whom nobody is to trust cannot be told from a list cut short")
    return frozenset(keys)
