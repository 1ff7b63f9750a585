from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from integration_runs import RunCli

from raasid.footage.store import DatasetStore


def test_a_folder_becomes_a_version_that_can_be_named(run_cli: RunCli, tmp_path: Path) -> None:
    root = tmp_path / "given"
    for match in range(3):
        for kind in ("images", "labels"):
            (root / kind / "train").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / f"images/train/m{match}.jpg"), np.full((64, 96, 3), 60 * match, np.uint8))
        (root / f"labels/train/m{match}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (root / "images/train/torn.jpg").write_bytes(b"\xff\xd8\xff")
    (root / "data.yaml").write_text("train: images/train\nnames: [ball]\n")

    done = run_cli("import", "data=yolo", f"data.root={root}", "name=cup")
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stderr
    ref = done.stdout.split(":")[0]
    version = DatasetStore(tmp_path / "store").find(ref)
    assert [clip.match for clip in version.footage().clips] == [f"images/train/m{i}" for i in range(3)]

    again = run_cli("import", "data=store", f"data.dataset={ref}", "name=copy")
    assert again.returncode == 0, again.stderr
    assert DatasetStore(tmp_path / "store").find("copy").digest == version.digest


def test_a_missing_name_and_an_unknown_dataset_are_status_2(call_cli: RunCli) -> None:
    nameless = call_cli("import", "data=synthetic_tiny")
    assert nameless.returncode == 2
    assert "name" in nameless.stderr
    unknown = call_cli("import", "data=store", "data.dataset=nothing", "name=x")
    assert unknown.returncode == 2
    assert "the store is empty" in unknown.stderr
