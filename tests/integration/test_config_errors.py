"""An invalid command line reports all its problems and changes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_three_mistakes_are_reported_at_once_and_nothing_is_created(run_cli: Run, tmp_path: Path) -> None:
    done = run_cli("train", "data.batch_size=abc", "optimzer.lr=1", "model.channels=-3")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: 3 problems in the configuration\n"
        "  data.batch_size    expected an integer ≥ 1, got 'abc'\n"
        "  optimzer.lr        no such key; did you mean 'optimizer.lr'?\n"
        "  model.channels     must be at least 4, but is -3\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("verb", "words", "expected"),
    [
        ("evaluate", [], "ckpt_path    is needed: last, best or a file"),
        ("evaluate", ["ckpt_path=best"], "ckpt_path=best: no checkpoints/best.ckpt below"),
        (
            "evaluate",
            ["ckpt_path=gone.ckpt", "split=tst"],
            "expected one of 'test', 'val', 'train', got 'tst'",
        ),
        ("train", ["data=yolo", "data.root=nowhere"], "data.root    no such folder: 'nowhere'"),
    ],
)
def test_a_usage_error_is_a_message_and_exit_status_2(
    call_cli: Run, tmp_path: Path, verb: str, words: list[str], expected: str
) -> None:
    done = call_cli(verb, *words)

    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
