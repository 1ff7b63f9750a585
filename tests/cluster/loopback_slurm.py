"""A Slurm cluster on this machine alone: munge, a controller and some nodes on loopback, started in seconds.

Needs slurmctld, slurmd, slurm-client and munge (Debian's packages), and with accounting slurmdbd and
mariadb-server. All state lies in one short folder, because unix sockets have short paths. As root each node
has a host name of its own that all nodes can resolve: processes of a training on several nodes need it.
Each node has two GPUs, which are links to /dev/null.
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from tempfile import mkdtemp

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
NEEDED_FOR_ACCOUNTING = ("slurmdbd", "mariadbd", "mariadb-install-db", "sacct")
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
FirstJobId={controller}
SlurmctldTimeout=10
SlurmdTimeout=5
MessageTimeout=5
TCPTimeout=2
BatchStartTimeout=10
CompleteWait=0
InactiveLimit=0
GresTypes=gpu
JobAcctGatherType=jobacct_gather/linux
MinJobAge={min_job_age}
{accounting}
NodeName=DEFAULT CPUs=4 RealMemory=9000 Gres=gpu:2
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}]
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=1000 State=UP
"""
_ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={daemon}
AccountingStoragePass={home}/munge.sock
"""
_DAEMON = """\
AuthType=auth/munge
AuthInfo=socket={home}/munge.sock
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={daemon}
SlurmUser={user}
PidFile={home}/slurmdbd.pid
LogFile={home}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct
CommitDelay=0
"""
_TABLES = """\
CREATE DATABASE IF NOT EXISTS slurm_acct;
CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY 'slurm';
GRANT ALL ON slurm_acct.* TO 'slurm'@'127.0.0.1';
"""
_DATABASE = (
    "--skip-name-resolve --bind-address=127.0.0.1 --innodb-flush-log-at-trx-commit=0 "
    "--innodb-buffer-pool-size=64M --innodb-log-file-size=8M --innodb-lock-wait-timeout=900 "
    "--innodb-doublewrite=0"
)


def missing(accounting: bool = False) -> list[str]:
    """Programs that a cluster needs and that this machine lacks."""
    needed = NEEDED + (NEEDED_FOR_ACCOUNTING if accounting else ())
    return [name for name in needed if shutil.which(name, path=_PATH) is None]


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

    def start_node(self, name: str) -> None:
        """Start the daemon of a node; as root under a host name of its own."""
        daemon = ["slurmd", "-N", name, "-f", str(self.home / "slurm.conf")]
        line = 'hostname "$0" && mount --bind "$1" /etc/hosts && shift && exec "$@"'
        if os.geteuid() == 0 and subprocess.run(["unshare", "-m", "-u", "true"]).returncode == 0:
            daemon = ["unshare", "-m", "-u", "bash", "-c", line, name, str(self.home / "hosts"), *daemon]
        self.run(*daemon)

    def kill_node(self, name: str) -> None:
        """Kill the daemon of a node and everything that runs there, as a power cut does."""
        daemon = int((self.home / f"slurmd-{name}.pid").read_text())
        for process in [daemon, *_steps(self.home, name)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

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

    def process(self, job: str, rank: int) -> int | None:
        """Process id of one rank of a job that srun has started; None while it has none."""
        wanted = {f"SLURM_JOB_ID={job}", f"SLURM_PROCID={rank}", "SLURM_STEP_ID=0"}
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and _belongs(process, self.home):
                with suppress(OSError):
                    environ = (process / "environ").read_text(errors="replace").split("\0")
                    parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                    daemon = Path(f"/proc/{parent}/cmdline").read_bytes()
                    if wanted <= set(environ) and b"slurmstepd" in daemon:
                        return int(process.name)
        return None


@contextmanager
def loopback_slurm(nodes: int = 2, accounting: bool = False, min_job_age: int = 300) -> Iterator[Slurm]:
    """Start a cluster, and stop it again with all its processes.

    min_job_age: seconds for which the controller remembers ended jobs.
    """
    home = Path(mkdtemp(prefix="slurm-"))
    home.chmod(0o711)
    (home / "state").mkdir()
    key = home / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    slurm = Slurm(home)
    try:
        _write_conf(home, nodes, accounting, min_job_age)
        sockets = ["--key-file", key, "--socket", home / "munge.sock", "--pid-file", home / "munged.pid"]
        slurm.run(
            "munged", "--force", *sockets, "--log-file", home / "munged.log", "--seed-file", home / "seed"
        )
        if accounting:
            _start_accounting(slurm)
        slurm.run("slurmctld", "-f", home / "slurm.conf")
        for node in range(1, nodes + 1):
            slurm.start_node(f"n{node}")
        _wait_until_idle(slurm, nodes)
        yield slurm
    finally:
        _take_down(home)


def _write_conf(home: Path, nodes: int, accounting: bool, min_job_age: int) -> None:
    ports = _free_ports(nodes + 3)
    values = {
        "home": home,
        "host": socket.gethostname().partition(".")[0],
        "user": getuser(),
        "nodes": nodes,
        "controller": ports[0],
        "daemon": ports[1],
        "database": ports[2],
        "first": ports[3],
        "last": ports[-1],
        "min_job_age": min_job_age,
    }
    storage = _ACCOUNTING.format(**values) if accounting else "AccountingStorageType=accounting_storage/none"
    (home / "slurm.conf").write_text(_CONF.format(**values, accounting=storage))
    daemon = home / "slurmdbd.conf"
    daemon.write_text(_DAEMON.format(**values))
    daemon.chmod(0o600)
    (home / "ports").write_text(f"{values['daemon']} {values['database']}")
    for number in range(2):
        (home / f"gpu{number}").symlink_to("/dev/null")
    (home / "gres.conf").write_text(f"NodeName=n[1-{nodes}] Name=gpu File={home}/gpu[0-1]\n")
    names = "".join(f"127.0.0.1 n{node}\n" for node in range(1, nodes + 1))
    (home / "hosts").write_text(Path("/etc/hosts").read_text() + names)


def _start_accounting(slurm: Slurm) -> None:
    home = slurm.home
    daemon, database = (home / "ports").read_text().split()
    own = ["--no-defaults", f"--datadir={home}/mysql", f"--user={getuser()}"]
    (home / "mysql").mkdir()
    quick = ["--skip-test-db", "--auth-root-authentication-method=normal", "--innodb-log-file-size=8M"]
    slurm.run("mariadb-install-db", *own, *quick, "--skip-name-resolve")
    (home / "tables.sql").write_text(_TABLES)
    files = [f"--port={database}", f"--socket={home}/mysql.sock", f"--init-file={home}/tables.sql"]
    with (home / "mariadbd.log").open("wb") as log:
        command = ["mariadbd", *own, *files, f"--pid-file={home}/mariadbd.pid", *_DATABASE.split()]
        subprocess.Popen(command, env=slurm.environ, stdout=log, stderr=log, start_new_session=True)
    _wait_for_port(int(database))
    slurm.run("slurmdbd")
    _wait_for_port(int(daemon))


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at port {port}")


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


def _steps(home: Path, node: str) -> list[int]:
    """Return the processes that jobs run on a node, and the daemons of their steps."""
    found = set()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or not _belongs(process, home):
            continue
        with suppress(OSError, IndexError):
            if f"SLURMD_NODENAME={node}".encode() in (process / "environ").read_bytes().split(b"\0"):
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                found.add(int(process.name))
                if b"slurmstepd" in Path(f"/proc/{parent}/cmdline").read_bytes():
                    found.add(int(parent))
    return sorted(found)


def _belongs(process: Path, home: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
    except OSError:
        return False
    return f"{home}/".encode() in words and int(process.name) != os.getpid()
