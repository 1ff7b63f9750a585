"""`raasid validate`, run as the real command: exit statuses, output files, last line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from integration_runs import RunCli


def scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = np.full((180, 320, 3), (60, 120, 70), np.uint8)
    for _ in range(30):
        x, y, w, h = (int(v) for v in rng.integers((0, 0, 8, 8), (290, 160, 60, 60)))
        cv2.rectangle(image, (x, y), (x + w, y + h), tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
    return image


@pytest.fixture
def yolo_set(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for k in range(8):
        split = ("train", "train", "train", "train", "val", "val", "test", "test")[k]
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / f"images/{split}/{k}.jpg"), scene(k))
        (root / f"labels/{split}/{k}.txt").write_text("0 0.5 0.5 0.05 0.08\n")
    splits = "train: images/train\nval: images/val\ntest: images/test\n"
    (root / "data.yaml").write_text(f"{splits}names: [ball]\n")
    return root


def written(done: subprocess.CompletedProcess[str], run: Path) -> dict[str, object]:
    assert "Traceback" not in done.stderr
    assert {path.name for path in run.iterdir()} >= {"validation.html", "quarantine.json", "validation.json"}
    return dict(json.loads((run / "validation.json").read_text()))


def test_valid_footage_passes_and_the_last_line_is_the_next_command(
    run_cli: RunCli, yolo_set: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    done = run_cli("validate", "data=yolo", f"data.root={yolo_set}", f"hydra.run.dir={run}")
    assert done.returncode == 0, done.stderr
    assert written(done, run)["ok"] is True
    assert done.stdout.splitlines()[-1].startswith("next: raasid import data=yolo")


def test_footage_over_its_limits_is_refused_with_everything_listed(
    call_cli: RunCli, yolo_set: Path, tmp_path: Path
) -> None:
    cv2.imwrite(str(yolo_set / "images/test/6.jpg"), scene(0))  # also in the training split
    cv2.imwrite(str(yolo_set / "images/train/1.jpg"), np.zeros((180, 320, 3), np.uint8))
    (yolo_set / "images/train/2.jpg").write_bytes(b"")
    run = tmp_path / "run"
    words = ("validate", "data=yolo", f"data.root={yolo_set}", f"hydra.run.dir={run}")
    done = call_cli(*words)
    assert done.returncode == 3, done.stderr
    assert "limits are exceeded" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("next: ")
    document = written(done, run)
    kinds = {str(row["name"]) for row in document["kinds"] if row["state"] == "over"}  # type: ignore[attr-defined]
    assert {"near_identical_across_splits", "black", "left_out"} <= kinds
    reasons = json.loads((run / "quarantine.json").read_text())["reasons"]
    assert {"zero bytes", "black or uniform", "same frame in two splits"} <= set(reasons)
    page = (run / "validation.html").read_text()
    assert page.index("Not fit for training") < page.index("<figure>") < page.index("Configuration")
    tolerated = [f"limits.{kind}=null" for kind in kinds]
    assert call_cli(*words, *tolerated).returncode == 0


def test_labels_without_media_are_refused_in_one_line(call_cli: RunCli, shared: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    root = shared / "data/formats/mvfoul"
    done = call_cli("validate", "data=mvfoul", f"data.root={root}", f"hydra.run.dir={run}")
    assert done.returncode == 3, done.stderr
    findings = written(done, run)["findings"]
    assert [finding["kind"] for finding in findings] == ["missing_media"]  # type: ignore[attr-defined]


def test_a_root_without_readable_files_is_refused(call_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = call_cli("validate", "data=yolo", f"data.root={tmp_path / 'empty'}")
    assert done.returncode == 3, done.stderr
    assert "no usable sample" in done.stderr


@pytest.mark.parametrize("words", [["data.root=/no/such/folder"], ["data.root=.", "limits.blured=0.1"]])
def test_a_wrong_command_is_a_usage_error(call_cli: RunCli, words: list[str]) -> None:
    assert call_cli("validate", "data=yolo", *words).returncode == 2


def test_drift_from_a_stored_version_is_reported(call_cli: RunCli, tmp_path: Path) -> None:
    small = ["data=synthetic_tiny", "data.size=[160,96]", "data.matches=14", "data.frames_per_clip=1"]
    kept = call_cli("import", *small, "name=before", "data.league_seed=3")
    assert kept.returncode == 0, kept.stderr
    run = tmp_path / "run"
    tight = ["data.ball_px=28", "drift.permutations=199", "reference=before", f"hydra.run.dir={run}"]
    done = call_cli("validate", *small, *tight)
    assert "features drift: ball size" in done.stdout, done.stderr
    drifts = {drift["feature"]: drift for drift in written(done, run)["drift"]}  # type: ignore[attr-defined]
    assert drifts["ball size"]["drifted"]
    assert call_cli("validate", *small, "reference=nobody").returncode == 2
