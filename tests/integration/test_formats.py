"""Every annotation format is read by the real command; the samples are labels alone, which is reported."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from in_process import call_raasid

from raasid.errors import Exit
from raasid.footage.formats import IMPORT_FORMATS

SAMPLES = {
    "yolo": "yolo/detect",
    "coco": "coco",
    "mvfoul": "mvfoul",
    "soccernet_tracking": "snmot",
    "ball_action": "ball_action",
    "gsr": "gsr",
    "cvat": "cvat",
    "labelstudio": "labelstudio",
    "tracknet": "tracknet",
    "issia": "issia",
    "dfl": "dfl",
    "roboflow_csv": "roboflow_csv",
    "origin": "origin",
}


def validate(name: str, root: Path, run_dir: Path) -> subprocess.CompletedProcess[str]:
    return call_raasid("validate", f"data={name}", f"data.root={root}", f"hydra.run.dir={run_dir}")


def test_every_format_has_a_sample() -> None:
    assert sorted(SAMPLES) == sorted(IMPORT_FORMATS)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_and_validated(name: str, shared: Path, tmp_path: Path) -> None:
    done = validate(name, shared / "data/formats" / SAMPLES[name], tmp_path / "run")
    assert done.returncode in (Exit.DONE, Exit.REFUSED), done.stderr
    assert "Traceback" not in done.stderr
    if name == "yolo":  # without its images a YOLO set has neither sizes nor frames
        assert "no usable sample" in done.stderr
        return
    listed = json.loads((tmp_path / "run/quarantine.json").read_text())
    assert {"left_out", "reasons", "entries"} <= set(listed)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"yolo", "dfl"}))  # these two name the file they miss
def test_an_empty_folder_is_refused_with_the_expected_layout(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = validate(name, tmp_path / "data", tmp_path / "run")
    assert done.returncode == Exit.REFUSED, done.stderr
    assert "no usable sample; expected" in done.stderr
    assert "Traceback" not in done.stderr
