"""Whether the processes of a Slurm job can meet: a meeting that cannot happen would hang for minutes.

Lightning lets them meet at the first node of the job, at a port made of the job's number; `MASTER_ADDR` and
`MASTER_PORT` say otherwise.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from typing import Any

from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

from raasid.errors import UsageError

_RESOLVE_S = 20.0


class RanksCannotMeet(UsageError):
    """The processes of a job could not find each other."""


def check_ranks_can_meet() -> None:
    """Raise RanksCannotMeet in a process of a Slurm job if the meeting would hang; within 20 s.

    In rank 0 the port is tried, in all others the name of its node.
    """
    if int(os.environ.get("SLURM_NTASKS", "1")) < 2 or not SLURMEnvironment.detect():
        return
    environment = SLURMEnvironment()
    address, port = environment.main_address, environment.main_port
    found = _resolve(address)
    if found is None:
        raise RanksCannotMeet(
            f"rank {environment.global_rank()} on {socket.gethostname()}: the name '{address}' of the first "
            "node cannot be resolved; set MASTER_ADDR to an address that all nodes of the job reach"
        )
    if environment.global_rank() == 0:
        _check_port(found, port)


def _resolve(name: str) -> Any:
    """Return the family and address of a host; None if there is none, or no answer in time."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM)[0])
        except OSError:
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_RESOLVE_S)
    return found[0] if found else None


def _check_port(found: Any, port: int) -> None:
    family, kind, protocol, _, address = found
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address[0], port, *address[2:]))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return
            raise RanksCannotMeet(
                f"port {port} of {socket.gethostname()} is taken, by another job or program; "
                "set MASTER_PORT to a free one"
            ) from error
