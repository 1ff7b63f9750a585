"""Number of rounds of a repeated test: few by default, many more in `make soak`."""

from __future__ import annotations

import os

SOAK = os.environ.get("RAASID_SOAK", "") not in ("", "0")


def rounds(quick: int, soak: int) -> int:
    """Return the number of rounds for this session; mark a test that asks for it with `pytest.mark.soak`."""
    return soak if SOAK else quick
