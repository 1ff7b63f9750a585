"""The commands of the season: each is shown as a user would type it, and run in this process."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from raasid.cli.registry.command import main as registry_command
from raasid.cli.verbs import VERBS
from raasid.config.compose import compose
from raasid.console.terminal import out
from raasid.deploy.verdict import GateRefused
from raasid.lazy import load_object


def raasid(verb: str, *words: str, run_dir: Path) -> Any:
    """Run `raasid VERB WORDS` with its output in `run_dir`; return what the verb returns.

    Commands run one after another in one process, which saves some seconds of imports for each. A refusal by
    the gate is printed; its verdict is on the disk. Raises RaasidError.
    """
    _show(verb, *words)
    cfg = compose(verb, load_object(VERBS[verb].schema), words)
    run_dir.mkdir(parents=True, exist_ok=True)
    try:
        return load_object(VERBS[verb].function)(cfg, run_dir)
    except GateRefused as refused:
        out().print(str(refused), markup=False)


def registry(*words: str) -> None:
    """Run `raasid registry WORDS`. Raises RaasidError."""
    _show("registry", *words)
    registry_command(words)


def quoted_list(words: list[str]) -> str:
    """Return overrides of a training as one value of `retrain.train.MODEL`."""
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


def _show(*words: str) -> None:
    out().print(f"\n$ {shlex.join(['raasid', *words])}", style="bold", markup=False)
