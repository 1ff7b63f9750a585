"""When the gate can judge a ball or pose challenger through the context champion, and what it says if not."""

from __future__ import annotations

from pathlib import Path

import pytest
from three_champions import register
from tiny_models import TINY, registered

from raasid.config.compose import compose
from raasid.deploy.options import EndToEndOptions
from raasid.pipeline.end_to_end import EndToEndFootageMissing, compare_end_to_end
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.registry import Registry


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a ball and a pose champion."""
    for tiny in (TINY["ball_heatmap"], TINY["pose_topdown"]):
        registry = Registry(tmp_path / "registry")
        registry.set_alias(tiny.name, "champion", registered(registry, tiny), "the first")
    return tmp_path


def compare(root: Path, options: EndToEndOptions | None, name: str = "ball_model") -> object:
    cfg = compose("check", CheckConfig, [f"paths.root={root}"])
    version = VersionRef(name, Registry(root / "registry").resolve(name, "latest"))
    return compare_end_to_end(cfg, options, version, version, root / "gate")


def context_champion(root: Path) -> None:
    version = register(root, "context", "model=context_geometry")
    Registry(root / "registry").set_alias("context_model", "champion", version, "the first")


def test_without_the_other_champions_nothing_is_compared_and_the_reason_is_said(root: Path) -> None:
    assert compare(root, None) == "switched off"
    assert compare(root, EndToEndOptions()) == "there is no context champion"
    context_champion(root)
    Registry(root / "registry").set_alias("pose_model", "champion", None, "out of service")
    assert compare(root, EndToEndOptions()) == "there is no pose champion"


def test_a_context_model_is_its_own_end(root: Path) -> None:
    context_champion(root)
    assert compare(root, EndToEndOptions(), "context_model") is None


def test_footage_that_is_not_here_stops_the_gate_and_says_what_to_do(root: Path) -> None:
    context_champion(root)
    with pytest.raises(
        EndToEndFootageMissing, match=r"deploy.gate.end_to_end.dataset=NAME, or leave the rule"
    ):
        compare(root, EndToEndOptions())
