"""Training and evaluating a context model by the real commands, on a small league."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LEAGUE = (
    "data.matches=4",
    "data.val_matches=1",
    "data.test_matches=1",
    "data.clips_per_match=2",
    "data.scenario_frames=8",
    "data.num_workers=0",
)
TINY = (
    *LEAGUE,
    "data.batch_size=4",
    "data.tracks.extra_clips=4",
    "data.tracks.calibration_clips=3",
    "trainer.max_epochs=1",
    "model.width=16",
)


def test_without_a_ball_model_it_trains_on_noisy_tracks_with_a_message(call_cli: Any, tmp_path: Path) -> None:
    done = call_cli("train", "experiment=context", *TINY)
    assert done.returncode == 0, done.stderr
    assert "not predicted ones" in done.stdout
    last = done.stdout.split("\n\n")[1].strip().splitlines()[-1]
    assert last.startswith("accuracy ")
    assert any(line.startswith("accuracy_truth") for line in done.stdout.splitlines())
    run = next((tmp_path / "logs" / "train").iterdir())
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["task"], metrics["source"], metrics["edition"]) == ("context", "noisy", "ifab_2025_26")

    again = call_cli(
        "evaluate", f"ckpt_path={run}/checkpoints/best.ckpt", "data=synthetic_touches", *LEAGUE,
        "data.tracks.source=truth", "data.tracks.edition=ifab_2018_19",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "by ifab_2018_19, truth tracks" in again.stdout


def test_the_majority_is_measured_without_training_and_cannot_be_trained(call_cli: Any) -> None:
    league = (*LEAGUE, "data.tracks.source=truth")
    done = call_cli("evaluate", "model=context_majority", "data=synthetic_touches", *league)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()
    refused = call_cli("train", "experiment=context", "model=context_majority", *league)
    assert refused.returncode == 2
    assert "nothing to train" in refused.stderr


def test_an_unknown_edition_is_refused_with_the_nearest(call_cli: Any) -> None:
    refused = call_cli("train", "experiment=context", "data.tracks.edition=ifab_2025_62")
    assert refused.returncode == 2
    assert "ifab_2025_26" in refused.stderr
