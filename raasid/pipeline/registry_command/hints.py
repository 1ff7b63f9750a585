"""The next command to type."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from raasid.pipeline.registry_command.tables import say_beside
from raasid.pipeline.registry_command.words import FOLDER


def suggest(given: argparse.Namespace, why: str, *words: str | Path) -> None:
    """Say it on stderr, for the registry that was looked at."""
    where = [] if given.registry == Path(FOLDER) else ["--registry", given.registry]
    say_beside(f"{why}: {shlex.join(str(word) for word in ('raasid', 'registry', *words, *where))}")
