"""`raasid registry sync`: send to W&B what was queued without a network."""

from __future__ import annotations

import argparse

from raasid.errors import RaasidError
from raasid.pipeline.registry_command.tables import print_line
from raasid.registry.mirror.sync import sync as send
from raasid.registry.mirror.wandb_client import WandbMirror
from raasid.registry.registry import Registry


class NotSynced(RaasidError):
    """Something is still queued."""

    def __init__(self, left: int) -> None:
        what = "1 entry" if left == 1 else f"{left} entries"
        super().__init__(f"{what} of the outbox not in W&B yet, for the reason above; run the command again")


def sync(given: argparse.Namespace, registry: Registry) -> None:
    """Print a line for each thing that is sent, or would be.

    Raises NotSynced, RegistryDamaged, RegistryUnwritable.
    """
    done = send(registry, WandbMirror(), print_line)
    if done.left:
        raise NotSynced(done.left)
