"""The key by which whoever works here signs what they register."""

from __future__ import annotations

import os
from pathlib import Path

from raasid.registry.registry import Sign

SIGNING_KEY = "RAASID_SIGNING_KEY"
"""Environment variable: the file of a private key; `raasid registry key` makes one."""


def own_signer() -> Sign | None:
    """What signs with the key that RAASID_SIGNING_KEY names; None where it names none. Raises KeyUnusable."""
    named = os.environ.get(SIGNING_KEY)
    if not named:
        return None
    from raasid.registry.package.signing import signer  # loads a library of ciphers

    return signer(Path(named))
