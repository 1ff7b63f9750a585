"""Who makes a change."""

from __future__ import annotations

import getpass
import os
import socket


def who() -> str:
    """Who is at work: `RAASID_AUTHOR`, or user@host."""
    return os.environ.get("RAASID_AUTHOR") or f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return str(os.getuid())
