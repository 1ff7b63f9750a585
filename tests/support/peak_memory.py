"""How much memory a command takes at most.

A child's `ru_maxrss` begins with the size of the process that started it, and a test session is large; so
a small process stands between them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_BETWEEN = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


def peak_kib(words: Sequence[str], cwd: Path, said: Path) -> tuple[int, int]:
    """Run a command, what it says into the file `said`; return its status and its peak in KiB."""
    told = said.with_name(f"{said.name}.peak")
    with said.open("w") as output:
        between = [sys.executable, "-S", "-c", _BETWEEN, str(told), *words]
        status = subprocess.call(between, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    return status, int(told.read_text())
