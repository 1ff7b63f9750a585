"""Commands killed at one of their own changes to the disk: at the same one on every machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

_KILLED = """
import fnmatch, os, signal, sys

_, pattern, left, *words = sys.argv
left = int(left)

def before(event, given):
    global left
    if event == "open" and isinstance(given[1], str) and given[1][0] in "wxa":
        path = given[0]
    elif event in ("os.rename", "os.link"):
        path = given[1]
    else:
        return
    if isinstance(path, (str, os.PathLike)) and fnmatch.fnmatch(os.fspath(path), pattern):
        left -= 1
        if left == 0:
            os.killpg(0, signal.SIGKILL)

sys.addaudithook(before)
sys.argv = ["raasid", *words]
from raasid.cli import main
main()
"""


def killed_before(pattern: str, count: int, *words: str, setup: str = "") -> bool:
    """Run `raasid WORDS`, killed with its children right before its `count`th change to a matching path.

    A change is to open a file for writing, or to give a file or folder its name by a rename or a link.
    setup: code that runs first. Returns False if the command ended before that change.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", setup + _KILLED, pattern, str(count), *words],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    output, _ = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), output
    return process.returncode != 0
