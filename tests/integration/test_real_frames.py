"""The loop on real frames, which are no part of the repository: see `benchmarks/real_frames.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SMALL = ["data.samples_per_epoch=64", "trainer.max_epochs=1", "data.size=[480,272]", "data.league=null"]


@pytest.mark.soak(only=True)
def test_real_videos_are_checked_trained_on_and_judged_to_the_end(shared: Path, tmp_path: Path) -> None:
    if not (shared / "data" / "football_players").is_dir():
        pytest.skip("no data/football_players in $RAASID_SHARED")
    script = str(REPO / "benchmarks" / "real_frames.py")
    done = subprocess.run(
        [sys.executable, script, str(tmp_path), *SMALL, "model.mirror=false", "model.scales=[]"],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr
    assert "too few matches: 5 current and 5 reference matches" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("detection_rate on unseen day videos ")
    assert last.endswith(("promoted", "refused"))
