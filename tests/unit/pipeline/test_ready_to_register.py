"""What would refuse a version at the end of a training is told before it begins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raasid.models.config import model_section
from raasid.pipeline.register import NotToBeKept, ready_to_register
from raasid.registry.errors import KeyUnusable
from raasid.registry.signing import make_key

BALL = "raasid.models.ball.heatmap.BallHeatmap"


def asking(target: str = BALL, *, register: bool = True, test: bool = True, **fields: object) -> Any:
    model = model_section({"_target_": target, **fields})
    return SimpleNamespace(model=model, register_=register, test=test)


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAASID_SIGNING_KEY", raising=False)


def test_a_model_of_ours_may_be_trained_and_nobody_need_sign_it() -> None:
    assert ready_to_register(asking(init_from="/somewhere/best.ckpt")) is None


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (asking("mine.Net"), "'mine.Net' is no model of this program"),
        (asking("raasid.models.ball.yolo.BallYolo", net="nets/mine.yaml"), "'nets/mine.yaml' is a file"),
    ],
)
def test_a_model_that_no_package_can_hold_is_told_with_the_way_out(asked: Any, reason: str) -> None:
    with pytest.raises(NotToBeKept, match=rf"register: .*{reason}.*: register=false"):
        ready_to_register(asked)


@pytest.mark.parametrize("way_out", [{"register": False}, {"test": False}])
def test_what_will_not_be_registered_need_not_be_fit_for_it(way_out: dict[str, bool]) -> None:
    assert ready_to_register(asking("mine.Net", **way_out)) is None


def test_the_key_of_the_environment_signs_and_a_missing_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAASID_SIGNING_KEY", str(tmp_path / "key.pem"))
    with pytest.raises(KeyUnusable, match=r"key\.pem: no private key can be read there"):
        ready_to_register(asking())
    make_key(tmp_path / "key.pem")
    assert ready_to_register(asking()) is not None
