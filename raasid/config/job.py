"""What Hydra calls: it turns a composed configuration into a typed one and runs the verb with it."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from raasid.config.check import validate
from raasid.errors import RaasidError


def load(reference: str) -> Any:
    """Import `module:name`."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


class Job:
    """One verb as Hydra's task function; it can be pickled, for launchers that run jobs elsewhere.

    function, schema: `module:name`; the function takes the typed configuration and the run's directory
    (absolute, there already). argv: what `sys.argv` is while the verb runs, because Lightning
    starts the other processes of a DDP run with these words. alone: not one of several jobs; then an
    error for the user ends the process here, quietly and with its own status. In a sweep it goes to
    the sweeper, which decides whether the other jobs go on.
    """

    def __init__(self, function: str, schema: str, argv: list[str], alone: bool) -> None:
        self.function, self.schema, self.argv, self.alone = function, schema, argv, alone

    def __call__(self, cfg: DictConfig) -> Any:
        """Validate and run; returns what the verb returns, which is what a sweeper optimises."""
        sys.argv = list(self.argv)
        try:
            config = validate(load(self.schema), cfg)
            return load(self.function)(config, Path(HydraConfig.get().runtime.output_dir))
        except RaasidError as error:
            if not self.alone:
                raise
            sys.stdout.flush()
            sys.stderr.write(f"error: {error}\n")
            sys.exit(error.exit)
