"""A process that trained on several devices can train again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import torch
from lightning.fabric.strategies.launchers.subprocess_script import _launch_process_observer

from raasid.errors import Exit, Stopped
from raasid.training.rank_processes import ending_other_ranks


def start(program: str) -> subprocess.Popen[bytes]:
    """A process that is watched as Lightning watches another rank."""
    process = subprocess.Popen([sys.executable, "-c", program])
    _launch_process_observer([process])
    return process


def test_after_an_error_the_other_rank_is_killed_at_once_and_no_thread_watches_it() -> None:
    began, processes = time.monotonic(), []

    def train() -> None:
        processes.append(start("import time; time.sleep(60)"))
        raise ValueError("no data")

    with pytest.raises(ValueError, match="no data"), ending_other_ranks():
        train()
    assert processes[0].returncode == -9
    assert time.monotonic() - began < 5
    watching = [thread for thread in threading.enumerate() if thread.name == "child-process-observer"]
    assert not any(thread._child_processes for thread in watching)  # type: ignore[attr-defined]


@pytest.mark.parametrize("raised", [None, Stopped("preempted", Exit.PREEMPTED)])
def test_after_a_success_or_a_signal_the_other_rank_may_end_by_itself(raised: Stopped | None) -> None:
    with suppress(Stopped), ending_other_ranks():
        process = start("import time; time.sleep(0.5)")
        if raised is not None:
            raise raised
    assert process.returncode == 0


def test_one_that_does_not_end_is_killed_after_its_time() -> None:
    with ending_other_ranks(grace_s=0.2):
        process = start("import time; time.sleep(60)")
    assert process.returncode == -9


def test_the_process_group_and_the_variables_do_not_outlive_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.setenv("MASTER_PORT", "1")
    with ending_other_ranks():
        os.environ.update(LOCAL_RANK="0", MASTER_PORT="2")
        torch.distributed.init_process_group(
            "gloo", rank=0, world_size=1, store=torch.distributed.HashStore()
        )
    assert "LOCAL_RANK" not in os.environ
    assert os.environ["MASTER_PORT"] == "1"
    assert not torch.distributed.is_initialized()
