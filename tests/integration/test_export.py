"""`raasid export`, run as the real command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnxruntime
from integration_runs import RunCli, Trained, only_run


def test_a_training_is_exported_on_its_own_footage(
    call_cli: RunCli, trained: Trained, league: list[str], tmp_path: Path
) -> None:
    shutil.copytree(trained.root / "logs", tmp_path / "logs")

    done = call_cli("export", "ckpt_path=last", league[-1])

    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path, "export")
    assert str(run / "model.onnx") in done.stdout
    card = json.loads((run / "model.json").read_text())
    assert card["task"] == "ball"
    assert card["compared_on"] == "5 samples of test"
    assert onnxruntime.InferenceSession(run / "model.onnx").get_inputs()[0].name == "images"

    refused = call_cli("export", "ckpt_path=last", league[-1], "tolerance=1e-30", f"out={tmp_path}/there")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: model.onnx: output")
    assert not list((tmp_path / "there").iterdir())
