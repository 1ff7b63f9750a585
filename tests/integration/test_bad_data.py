"""Bad data through the real command: readable samples train, the others are named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from integration_runs import RunCli, only_run

QUICK = [
    "data=yolo", "data.league=null", "data.size=[96,64]", "data.crop=64", "data.batch_size=2",
    "data.samples_per_epoch=2", "model.channels=4", "trainer.max_epochs=1",
]  # fmt: skip


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Ten images in two splits, each with a ball."""
    root = tmp_path / "footage"
    rng = np.random.default_rng(0)
    for number in range(10):
        split = "val" if number > 6 else "train"
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 255, (64, 96, 3), np.uint8)
        cv2.imwrite(str(root / f"images/{split}/p{number}.jpg"), image)
        (root / f"labels/{split}/p{number}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [ball]\n")
    return root


def test_readable_samples_train_and_the_others_are_listed(
    call_cli: RunCli, footage: Path, tmp_path: Path
) -> None:
    truncated = footage / "images/train/p0.jpg"
    truncated.write_bytes(truncated.read_bytes()[:-200])
    (footage / "images/train/p1.jpg").write_bytes(b"")
    (footage / "labels/train/p2.txt").write_text("0 1.5 0.5 0.1 0.1\n")
    (footage / "labels/train/p3.txt").write_text("7 0.5 0.5 0.1 0.1\n")
    done = call_cli("train", *QUICK, f"data.root={footage}")
    assert done.returncode == 0, done.stderr
    assert "left out: " in done.stdout
    listed = json.loads((only_run(tmp_path) / "quarantine.json").read_text())
    text = json.dumps(listed)
    for part in ("p0.jpg", "p1.jpg", "p2.txt", "p3.txt", "1.5", "7"):
        assert part in text


@pytest.mark.parametrize("there", [False, True])
def test_a_missing_or_empty_root_is_a_usage_error(call_cli: RunCli, tmp_path: Path, there: bool) -> None:
    root = tmp_path / "nothing"
    if there:
        root.mkdir()
    done = call_cli("train", *QUICK, f"data.root={root}")
    assert done.returncode == 2, done.stderr
    assert str(root) in done.stderr
    assert "Traceback" not in done.stderr
