"""Registration: checks before the training, and versions without ONNX files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raasid.models.config import recorded_model_config
from raasid.packaging.onnx.parity import ParityBroken
from raasid.pipeline import register
from raasid.pipeline.register import NotRegistrable, check_registrable
from raasid.registry.errors import KeyUnusable
from raasid.registry.signing import make_key

BALL = "raasid.models.ball.heatmap.BallHeatmap"


def config(target: str = BALL, *, register: bool = True, test: bool = True, **fields: object) -> Any:
    model = recorded_model_config({"_target_": target, **fields})
    return SimpleNamespace(model=model, register_=register, test=test)


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAASID_SIGNING_KEY", raising=False)


def test_a_model_of_ours_can_be_registered_unsigned() -> None:
    assert check_registrable(config(init_from="/somewhere/best.ckpt")) is None


@pytest.mark.parametrize(
    ("cfg", "reason"),
    [
        (config("mine.Net"), "'mine.Net' is no model of this program"),
        (
            config("raasid.models.ball.yolo.BallYolo", net="nets/mine.yaml"),
            "'nets/mine.yaml' is another file",
        ),
    ],
)
def test_a_model_that_no_package_can_hold_is_refused_with_the_way_out(cfg: Any, reason: str) -> None:
    with pytest.raises(NotRegistrable, match=rf"register: .*{reason}.*: register=false"):
        check_registrable(cfg)


@pytest.mark.parametrize("way_out", [{"register": False}, {"test": False}])
def test_a_model_that_will_not_be_registered_is_not_checked(way_out: dict[str, bool]) -> None:
    assert check_registrable(config("mine.Net", **way_out)) is None


def test_the_key_of_the_environment_signs_and_a_missing_one_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAASID_SIGNING_KEY", str(tmp_path / "key.pem"))
    with pytest.raises(KeyUnusable, match=r"key\.pem: no private key can be read there"):
        check_registrable(config())
    make_key(tmp_path / "key.pem")
    assert check_registrable(config()) is not None


def test_graphs_that_disagree_with_the_model_are_left_out_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ParityBroken("finder", "boxes", [2, 51, 89, 3], "differs by 0.24", 1e-4)

    monkeypatch.setattr(register, "write_verified_graphs", broken)
    cfg: Any = SimpleNamespace(data=None)
    unused: Any = None
    assert register._export_graphs(cfg, tmp_path, unused, unused) is None
    message = capsys.readouterr().err
    assert "registered without ONNX: finder.onnx" in " ".join(message.split())
    assert "0.24" in message
