"""Processes that srun or torchrun started together."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raasid.config.rank_rendezvous import RankInfo, rank_info
from raasid.errors import RaasidError, UsageError

SLURM = {"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8", "SLURM_JOB_ID": "42", "SLURM_STEP_ID": "0"}
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a/b", "MASTER_PORT": "29500"}
_IMPORTED = time.monotonic()


def test_ranks_of_srun_and_torchrun_are_read() -> None:
    assert rank_info(SLURM) == RankInfo(3, "slurm-0-42-0-0-0")
    own = {"SLURM_RESTART_COUNT": "1", "SLURM_CLUSTER_NAME": "a", "SLURM_STEP_LAUNCHER_PORT": "4000"}
    assert rank_info(SLURM | own) == RankInfo(3, "slurm-a-42-0-1-4000")
    assert rank_info(TORCHRUN) == RankInfo(1, "torchrun-a_b-29500-0")


@pytest.mark.parametrize(
    "environ", [{}, SLURM | {"SLURM_STEP_NUM_TASKS": "1"}, {"LOCAL_RANK": "1", "WORLD_SIZE": "2"}]
)
def test_a_process_on_its_own_has_no_rank_info(environ: dict[str, str]) -> None:
    assert rank_info(environ) is None


def test_a_torchrun_of_one_node_needs_no_id() -> None:
    environ = TORCHRUN | {"TORCHELASTIC_RUN_ID": "none", "LOCAL_WORLD_SIZE": "2"}
    logs = [f"/tmp/torchelastic_{start}/none_{start}/attempt_0" for start in ("k3x9", "p0fe")]
    ranks = [
        environ | {"RANK": str(r), "TORCHELASTIC_ERROR_FILE": f"{logs[0]}/{r}/error.json"} for r in (0, 1)
    ]
    other_container = environ | {"TORCHELASTIC_ERROR_FILE": f"{logs[1]}/1/error.json"}

    assert [rank_info(rank) for rank in ranks] == [RankInfo(r, "torchrun-none_k3x9-29500-0") for r in (0, 1)]
    assert rank_info(other_container) == RankInfo(1, "torchrun-none_p0fe-29500-0")
    for unknown in (environ, ranks[0] | {"WORLD_SIZE": "4"}):
        with pytest.raises(UsageError, match="--rdzv-id"):
            rank_info(unknown)


def test_the_decision_of_rank_0_reaches_the_others(tmp_path: Path) -> None:
    RankInfo(0, "x").publish(tmp_path, ["seed=1", "hydra.run.dir='a b'"])

    assert RankInfo(1, "x").wait_for_rank0(tmp_path) == ["seed=1", "hydra.run.dir='a b'"]


def test_a_decision_of_an_earlier_launch_with_the_same_id_is_not_followed(tmp_path: Path) -> None:
    RankInfo(0, "x").publish(tmp_path, ["seed=1"])
    [file] = (tmp_path / ".starts").iterdir()
    os.utime(file, (1, 1))
    again = RankInfo(1, "x", launched=time.monotonic())

    with pytest.raises(RaasidError, match="waited"):
        again.wait_for_rank0(tmp_path, timeout_s=0.0)
    RankInfo(0, "x").publish(tmp_path, ["seed=2"])
    assert again.wait_for_rank0(tmp_path) == ["seed=2"]


def test_the_launch_begins_with_torchrun_and_not_with_a_script_between() -> None:
    program = "import os, raasid.config.rank_rendezvous as r; print(r.rank_info(os.environ).launched)"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1"; exit 0', sys.executable, program],
        env={**os.environ, **TORCHRUN},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert float(done.stdout) < _IMPORTED


def test_a_timeout_of_the_wait_for_rank_0_ends_with_advice(tmp_path: Path) -> None:
    with pytest.raises(RaasidError, match="on a disk that every node sees"):
        RankInfo(1, "y").wait_for_rank0(tmp_path, timeout_s=0.0)
