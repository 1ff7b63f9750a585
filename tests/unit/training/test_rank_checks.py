"""Processes of a Slurm job that cannot meet are told so, instead of waiting for each other."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from raasid.training.rank_checks import RanksCannotMeet, check_ranks_can_meet


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "1",
        "SLURM_PROCID": "1",
        "SLURM_LOCALID": "0",
        "SLURM_NODEID": "1",
        "SLURM_JOB_ID": "4711",
        "SLURM_JOB_NAME": "train",
        "SLURM_NODELIST": "localhost",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that what the check sets is undone
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_first_node_without_an_address_is_named(job: pytest.MonkeyPatch) -> None:
    job.setenv("MASTER_ADDR", "node17.invalid")
    with pytest.raises(RanksCannotMeet, match=r"rank 1 .*'node17\.invalid'.*MASTER_ADDR"):
        check_ranks_can_meet()


def test_a_taken_port_is_named_by_rank_0_alone(job: pytest.MonkeyPatch, taken: int) -> None:
    job.setenv("MASTER_ADDR", "127.0.0.1")
    job.setenv("MASTER_PORT", str(taken))
    check_ranks_can_meet()
    job.setenv("SLURM_PROCID", "0")
    with pytest.raises(RanksCannotMeet, match=rf"port {taken} .*MASTER_PORT"):
        check_ranks_can_meet()


def test_a_process_on_its_own_asks_nothing(job: pytest.MonkeyPatch) -> None:
    job.setenv("MASTER_ADDR", "node17.invalid")
    job.setenv("SLURM_NTASKS", "1")
    check_ranks_can_meet()
