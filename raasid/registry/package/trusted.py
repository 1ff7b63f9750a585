"""Whose signatures count here: a list of public keys that whoever runs the machine keeps."""

from __future__ import annotations

import os
import re
from pathlib import Path

from raasid.registry.errors import KeyUnusable

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
