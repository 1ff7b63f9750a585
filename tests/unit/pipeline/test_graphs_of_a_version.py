"""Whether a version gets ONNX files, and what a training is told where it does not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raasid.packaging.onnx.parity import ParityBroken
from raasid.pipeline import register


def test_graphs_that_disagree_with_the_model_are_left_out_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ParityBroken("finder", "boxes", [2, 51, 89, 3], "differs by 0.24", 1e-4)

    monkeypatch.setattr(register, "write_compared", broken)
    cfg: Any = SimpleNamespace(data=None)
    nothing: Any = None
    assert register._graphs(cfg, tmp_path, nothing, nothing) is None
    told = capsys.readouterr().err
    assert "registered without ONNX: finder.onnx" in " ".join(told.split())
    assert "0.24" in told
