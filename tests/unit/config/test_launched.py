"""Processes that were started together."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.rank_rendezvous import Launched, launched
from raasid.errors import RaasidError, UsageError

SLURM = {"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8", "SLURM_JOB_ID": "42", "SLURM_STEP_ID": "0"}
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a/b"}


def test_srun_and_torchrun_are_understood() -> None:
    assert launched(SLURM) == Launched(3, "slurm-42-0-0")
    assert launched(SLURM | {"SLURM_RESTART_COUNT": "1"}) == Launched(3, "slurm-42-0-1")
    assert launched(TORCHRUN) == Launched(1, "torchrun-a_b-0")


@pytest.mark.parametrize(
    "environ", [{}, SLURM | {"SLURM_STEP_NUM_TASKS": "1"}, {"LOCAL_RANK": "1", "WORLD_SIZE": "2"}]
)
def test_a_process_on_its_own_is_not_one_of_many(environ: dict[str, str]) -> None:
    assert launched(environ) is None


def test_a_torchrun_of_one_node_needs_no_id() -> None:
    environ = TORCHRUN | {"TORCHELASTIC_RUN_ID": "none", "LOCAL_WORLD_SIZE": "2"}

    assert launched(environ) == launched(environ)
    with pytest.raises(UsageError, match="--rdzv-id"):
        launched(environ | {"WORLD_SIZE": "4"})


def test_what_rank_0_decides_reaches_the_others(tmp_path: Path) -> None:
    Launched(0, "x").tell(tmp_path, ["seed=1", "hydra.run.dir='a b'"])

    assert Launched(1, "x").hear(tmp_path) == ["seed=1", "hydra.run.dir='a b'"]


def test_waiting_for_a_silent_rank_0_ends_with_advice(tmp_path: Path) -> None:
    with pytest.raises(RaasidError, match="on a disk that every node sees"):
        Launched(1, "y").hear(tmp_path, patience_s=0.0)
