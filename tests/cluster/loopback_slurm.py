"""A Slurm cluster on this machine alone: munge, a controller and some nodes on loopback, started in seconds.

Needs slurmctld, slurmd, slurm-client and munge (Debian's packages). All state lies in one short folder,
because unix sockets have short paths.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from tempfile import mkdtemp

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
_PATIENCE_S = 300.0

_CONF = """\
ClusterName=loop
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={home}/munge.sock,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool-%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd-%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
ReturnToService=2
KillWait=2
JobRequeue=1
AccountingStorageType=accounting_storage/none
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs=4 RealMemory=9000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Programs that a cluster needs and that this machine lacks."""
    return [name for name in NEEDED if shutil.which(name, path=_PATH) is None]


@dataclass(frozen=True)
class Slurm:
    """A running cluster."""

    home: Path

    @property
    def environ(self) -> dict[str, str]:
        """Environment of a command that uses this cluster."""
        return {**os.environ, "SLURM_CONF": str(self.home / "slurm.conf"), "PATH": _PATH}

    def run(self, *words: str | Path, cwd: Path | None = None, **environ: str) -> str:
        """Run a Slurm command; return its output."""
        done = subprocess.run(
            [*map(str, words)],
            cwd=cwd,
            env=self.environ | environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def states(self, job: str) -> dict[str, str]:
        """State of each task of a job that the controller has not purged."""
        lines = self.run("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i %T").splitlines()
        return dict(line.split() for line in lines)

    def wait(self, job: str, patience_s: float = 600.0) -> dict[str, str]:
        """Wait until every task of a job has ended; return their states."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            states = self.states(job)
            if set(states.values()) <= {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}:
                return states
            time.sleep(0.3)
        raise AssertionError(f"job {job} has not ended: {self.states(job)}")


@contextmanager
def loopback_slurm(nodes: int = 2) -> Iterator[Slurm]:
    """Start a cluster, and stop it again with all its processes."""
    home = Path(mkdtemp(prefix="slurm-"))
    home.chmod(0o711)
    (home / "state").mkdir()
    key = home / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    slurm = Slurm(home)
    try:
        _write_conf(home, nodes)
        sockets = ["--key-file", key, "--socket", home / "munge.sock", "--pid-file", home / "munged.pid"]
        slurm.run(
            "munged", "--force", *sockets, "--log-file", home / "munged.log", "--seed-file", home / "seed"
        )
        slurm.run("slurmctld", "-f", home / "slurm.conf")
        for node in range(1, nodes + 1):
            slurm.run("slurmd", "-N", f"n{node}", "-f", home / "slurm.conf")
        _wait_until_idle(slurm, nodes)
        yield slurm
    finally:
        _take_down(home)


def _write_conf(home: Path, nodes: int) -> None:
    ports = _free_ports(nodes + 1)
    host = socket.gethostname().partition(".")[0]
    text = _CONF.format(
        home=home, host=host, user=getuser(), nodes=nodes, controller=ports[0], first=ports[1], last=ports[-1]
    )
    (home / "slurm.conf").write_text(text)


def _free_ports(count: int) -> list[int]:
    """Consecutive free ports below the system's ephemeral range."""
    for _ in range(200):
        first = 25_000 + secrets.randbelow(7_000)
        held = [socket.socket() for _ in range(count)]
        try:
            for offset, one in enumerate(held):
                one.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
        return list(range(first, first + count))
    raise AssertionError("no free ports")


def _wait_until_idle(slurm: Slurm, nodes: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    output = ""
    while time.monotonic() < until:
        done = subprocess.run(
            ["sinfo", "-h", "-N", "-o", "%T"], env=slurm.environ, capture_output=True, text=True
        )
        output = done.stdout + done.stderr
        if done.stdout.split().count("idle") == nodes:
            return
        time.sleep(0.1)
    logs = "\n".join(path.read_text()[-800:] for path in sorted(slurm.home.glob("*.log")))
    raise AssertionError(f"the nodes did not come up: {output}\n{logs}")


def _take_down(home: Path) -> None:
    """End the processes of this cluster, by its own pid files; steps by the configuration they name."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _belongs(process, home):
            try:
                os.kill(int(process.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
    shutil.rmtree(home, ignore_errors=True)


def _belongs(process: Path, home: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
    except OSError:
        return False
    return f"{home}/".encode() in words and int(process.name) != os.getpid()
