"""Whether a signature holds, in words."""

from __future__ import annotations

from raasid.pipeline.registry_command.amounts import short
from raasid.registry.errors import SignatureRefused
from raasid.registry.package.trusted import trusted_keys
from raasid.registry.records import Manifest


def signature_of(manifest: Manifest) -> str:
    """Who has signed a version, if this is what was signed, and whether that key is trusted here.

    Raises KeyUnusable: RAASID_TRUSTED_KEYS names no list of keys.
    """
    trusted, signature = trusted_keys(), manifest.signature
    if signature is None:
        return "none" if trusted is None else "none; only signed versions are trusted here"
    from raasid.registry.package.signing import verify  # loads a library of ciphers

    try:
        verify(manifest, frozenset({signature.key}))
    except SignatureRefused:
        return f"WRONG: not what the key {short(signature.key)} has signed"
    standing = "" if trusted is None else ", trusted" if signature.key in trusted else ", NOT trusted here"
    return f"Ed25519, by the key {short(signature.key)}{standing}"
