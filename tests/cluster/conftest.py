from __future__ import annotations

from collections.abc import Iterator

import pytest
from loopback_slurm import Slurm, loopback_slurm, missing
from two_node_training import Training, train_undisturbed


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """A real Slurm of two nodes without accounting; skips where its programs are not installed."""
    if lacking := missing():
        pytest.skip(f"no Slurm here: {', '.join(lacking)}; install slurmctld slurmd slurm-client munge")
    with loopback_slurm(nodes=2) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def slurm_with_accounting() -> Iterator[Slurm]:
    """A real Slurm of two nodes with slurmdbd, whose controller forgets ended jobs after two seconds."""
    if lacking := missing(accounting=True):
        pytest.skip(f"no accounting here: {', '.join(lacking)}; install slurmdbd mariadb-server")
    with loopback_slurm(nodes=2, accounting=True, min_job_age=2) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def undisturbed(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, float]:
    """A training on two nodes that nothing interrupts, and for how long its processes live in seconds."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for path in (folder, folder.parent):
        path.chmod(0o755)
    return train_undisturbed(slurm, folder)
