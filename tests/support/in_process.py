"""The command line, called within the test's own process: the same entry point without a new interpreter."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import torch
import yaml
from lightning.pytorch.utilities.seed import isolate_rng

REPO = Path(__file__).resolve().parents[2]


def call_raasid(
    *words: str | Path, env: Mapping[str, str] | None = None, cwd: Path = REPO
) -> subprocess.CompletedProcess[str]:
    """Run `raasid WORDS` in this process; return exit status and output, as `subprocess.run` does.

    An exception that would end the process with Python's own traceback is raised. What native code writes is
    not captured, and signals, imports and the end of a process are not tested: those need a real one.
    """
    from raasid.cli import main

    command = ["raasid", *map(str, words)]
    status, out, err = 0, StringIO(), StringIO()
    with _global_state_kept(), redirect_stdout(out), redirect_stderr(err):
        sys.argv = command
        os.environ.update(env or {})
        os.chdir(cwd)
        try:
            main()
        except SystemExit as leaving:
            status = _status(leaving, err)
    return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())


def _status(leaving: SystemExit, err: StringIO) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return int(leaving.code or 0)
    err.write(f"{leaving.code}\n")
    return 1


@contextmanager
def _global_state_kept() -> Iterator[None]:
    """Restore the process-wide state that a command may change: it expects a process of its own."""
    argv, environ, folder, loader = sys.argv, dict(os.environ), Path.cwd(), yaml.SafeLoader
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    deterministic = torch.are_deterministic_algorithms_enabled()
    _end_wandb()
    try:
        with _loggers_kept(), isolate_rng(), warnings.catch_warnings():
            yield
    finally:
        _end_wandb()
        gc.enable()
        sys.argv, yaml.SafeLoader = argv, loader  # type: ignore[misc]
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        torch.use_deterministic_algorithms(deterministic)


def _end_wandb() -> None:
    """End wandb's service, which keeps the settings of the environment that it was started in."""
    if (wandb := sys.modules.get("wandb")) is not None:
        wandb.teardown()


@contextmanager
def _loggers_kept() -> Iterator[None]:
    """Restore the logging that Hydra configures; close the log files that it opened."""
    named = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    kept = [
        (each, each.level, each.disabled, each.propagate, list(each.handlers))
        for each in [logging.root, *named]
    ]
    try:
        yield
    finally:
        for logger, level, disabled, propagate, handlers in kept:
            for handler in set(logger.handlers) - set(handlers):
                handler.close()
            logger.handlers[:] = handlers
            logger.disabled, logger.propagate = disabled, propagate
            logger.setLevel(level)
