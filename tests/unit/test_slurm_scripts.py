"""The batch scripts that users edit: bash accepts them, and shellcheck finds nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SCRIPTS = [*sorted((REPO / "slurm").glob("*.sbatch")), REPO / "slurm/env.sh.example"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_batch_script_is_clean_shell(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed; bash alone has read the script")
    done = subprocess.run(
        ["shellcheck", "-s", "bash", "-e", "SC1091", str(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS[:-1], ids=lambda path: path.name)
def test_a_batch_script_names_the_command_that_submits_it(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/bin/bash"
    assert any(f"sbatch slurm/{script.name}" in line for line in lines[1:4])
