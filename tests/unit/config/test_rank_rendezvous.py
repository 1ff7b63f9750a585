"""Processes that srun or torchrun started together."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.rank_rendezvous import RankInfo, rank_info
from raasid.errors import RaasidError, UsageError

SLURM = {"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8", "SLURM_JOB_ID": "42", "SLURM_STEP_ID": "0"}
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a/b"}


def test_ranks_of_srun_and_torchrun_are_read() -> None:
    assert rank_info(SLURM) == RankInfo(3, "slurm-42-0-0")
    assert rank_info(SLURM | {"SLURM_RESTART_COUNT": "1"}) == RankInfo(3, "slurm-42-0-1")
    assert rank_info(TORCHRUN) == RankInfo(1, "torchrun-a_b-0")


@pytest.mark.parametrize(
    "environ", [{}, SLURM | {"SLURM_STEP_NUM_TASKS": "1"}, {"LOCAL_RANK": "1", "WORLD_SIZE": "2"}]
)
def test_a_process_on_its_own_has_no_rank_info(environ: dict[str, str]) -> None:
    assert rank_info(environ) is None


def test_a_torchrun_of_one_node_needs_no_id() -> None:
    environ = TORCHRUN | {"TORCHELASTIC_RUN_ID": "none", "LOCAL_WORLD_SIZE": "2"}

    assert rank_info(environ) == rank_info(environ)
    with pytest.raises(UsageError, match="--rdzv-id"):
        rank_info(environ | {"WORLD_SIZE": "4"})


def test_the_decision_of_rank_0_reaches_the_others(tmp_path: Path) -> None:
    RankInfo(0, "x").publish(tmp_path, ["seed=1", "hydra.run.dir='a b'"])

    assert RankInfo(1, "x").wait_for_rank0(tmp_path) == ["seed=1", "hydra.run.dir='a b'"]


def test_a_timeout_of_the_wait_for_rank_0_ends_with_advice(tmp_path: Path) -> None:
    with pytest.raises(RaasidError, match="on a disk that every node sees"):
        RankInfo(1, "y").wait_for_rank0(tmp_path, timeout_s=0.0)
