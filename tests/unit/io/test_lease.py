"""Ownership by leases: real processes, killed and suspended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raasid.io import lease
from raasid.io.lease import Lease, LeaseHeld, LeaseLost, lock_domain, wait_for_verdict

OWNER = """
import os, sys, time
from pathlib import Path
from raasid.io import lease
boot_id, heartbeat_s, fork = sys.argv[2], float(sys.argv[3]), sys.argv[4] == "fork"
lease.HEARTBEAT_S = heartbeat_s
if boot_id: lease._boot_id = lambda: boot_id
try:
    held = lease.Lease(Path(sys.argv[1]), "run 1")
except lease.LeaseHeld as error:
    print(error, flush=True); sys.exit(2)
if fork and os.fork() == 0: time.sleep(60); os._exit(0)
print("held", flush=True)
for line in sys.stdin:
    if line == "release\\n": held.release(); print("released", flush=True)
    if line == "check\\n":
        try: held.check(); print("mine", flush=True)
        except lease.LeaseLost: print("lost", flush=True)
"""


class Owner:
    """A process that holds, or tried to hold, the lease of a folder."""

    def __init__(self, folder: Path, boot_id: str = "", heartbeat_s: float = 10, fork: bool = False) -> None:
        arguments = [str(folder), boot_id, str(heartbeat_s), "fork" if fork else ""]
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.answer = self._line()

    def ask(self, text: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        return self._line()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        for number in (signal.SIGCONT, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def owners() -> Iterator[list[Owner]]:
    started: list[Owner] = []
    yield started
    for owner in started:
        owner.end()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that expire within a second."""
    monkeypatch.setattr(lease, "EXPIRES_S", 1.0)
    monkeypatch.setattr(lease, "_POLL_S", 0.05)


def test_a_living_owner_keeps_others_out(tmp_path: Path, owners: list[Owner]) -> None:
    owners.append(Owner(tmp_path))
    assert owners[0].answer == "held"
    with pytest.raises(LeaseHeld, match=r"run 1 belongs to another process, on .*; wait until it has ended"):
        Lease(tmp_path, "run 1")
    assert wait_for_verdict(tmp_path).owner is not None


def test_the_owner_of_this_process_keeps_this_process_out_and_loses_no_lock(
    tmp_path: Path, owners: list[Owner]
) -> None:
    with Lease(tmp_path, "run 1"):
        with pytest.raises(LeaseHeld):
            Lease(tmp_path, "run 1")
        owners.append(Owner(tmp_path))
        assert owners[0].answer.startswith("run 1 belongs to another process")


def test_a_released_folder_is_free(tmp_path: Path, owners: list[Owner]) -> None:
    owners.append(Owner(tmp_path))
    assert owners[0].ask("release") == "released"
    with Lease(tmp_path, "run 1"):
        pass
    assert wait_for_verdict(tmp_path).owner is None


def test_a_killed_owner_is_followed_at_once(tmp_path: Path, owners: list[Owner]) -> None:
    owners.append(Owner(tmp_path))
    owners[0].kill()
    start = time.monotonic()
    with Lease(tmp_path, "run 1"):
        assert time.monotonic() - start < lease.EXPIRES_S / 10


def test_a_killed_owner_is_followed_although_its_forked_worker_lives(
    tmp_path: Path, owners: list[Owner]
) -> None:
    owners.append(Owner(tmp_path, fork=True))
    owners[0].kill()
    with Lease(tmp_path, "run 1"):
        pass


@pytest.mark.usefixtures("brief")
def test_an_owner_on_another_machine_is_recognised_by_its_heartbeat(
    tmp_path: Path, owners: list[Owner]
) -> None:
    owners.append(Owner(tmp_path, boot_id="another", heartbeat_s=0.2))
    with pytest.raises(LeaseHeld):
        Lease(tmp_path, "run 1")


@pytest.mark.usefixtures("brief")
def test_an_owner_that_died_on_another_machine_is_followed_when_it_expires(
    tmp_path: Path, owners: list[Owner]
) -> None:
    owners.append(Owner(tmp_path, boot_id="another"))
    owners[0].kill()
    start = time.monotonic()
    with Lease(tmp_path, "run 1"):
        assert time.monotonic() - start > 0.5


@pytest.mark.usefixtures("brief")
def test_an_owner_that_was_suspended_for_too_long_learns_that_it_was_followed(
    tmp_path: Path, owners: list[Owner]
) -> None:
    owners.append(Owner(tmp_path, boot_id="another", heartbeat_s=0.1))
    os.kill(owners[0].process.pid, signal.SIGSTOP)
    with Lease(tmp_path, "run 1") as mine:
        os.kill(owners[0].process.pid, signal.SIGCONT)
        assert owners[0].ask("check") == "lost"
        mine.check()


def test_of_many_that_follow_a_dead_owner_one_wins(tmp_path: Path, owners: list[Owner]) -> None:
    for _ in range(3):
        owners.append(Owner(tmp_path))
        owners[-1].kill()
        with ThreadPoolExecutor(6) as pool:
            followers = list(pool.map(lambda _: Owner(tmp_path), range(6)))
        owners.extend(followers)
        assert sorted(follower.answer == "held" for follower in followers) == [False] * 5 + [True]
        for follower in followers:
            follower.end()


def test_a_number_that_became_free_again_is_no_ownership(
    tmp_path: Path, owners: list[Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict was about lease 0; since then 1 came and went, and 2 is held."""
    Lease(tmp_path, "run 1").release()
    owners.append(Owner(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["000002.json"]
    monkeypatch.setattr(lease, "wait_for_verdict", lambda _: lease.Verdict(0, None))
    with pytest.raises(LeaseHeld):
        Lease(tmp_path, "run 1")
    assert [file.name for file in tmp_path.iterdir()] == ["000002.json"]


def test_a_lease_that_was_taken_over_says_so(tmp_path: Path) -> None:
    mine = Lease(tmp_path, "run 1")
    (tmp_path / "000002.json").write_text("{}", encoding="utf-8")
    with pytest.raises(LeaseLost, match="run 1: another process took over"):
        mine.check()
    assert mine.lost
    mine.release()


def test_locks_are_believed_within_one_mount_only(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("one filesystem only")
    assert lock_domain(tmp_path) == lock_domain(tmp_path.parent)
    assert lock_domain(tmp_path) != lock_domain(other)
