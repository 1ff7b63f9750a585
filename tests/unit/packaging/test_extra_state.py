"""Extra state of a module survives JSON exactly, or is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.models.module import TaskModule
from raasid.packaging.tensors import dump_extra_state, load_extra_state
from raasid.registry.errors import PackageRefused

Key = st.text(st.characters(codec="utf-8"), max_size=6).filter(lambda key: key != "not finite")
Values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | Key,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(Key, inner, max_size=4),
    max_leaves=12,
)


class StatefulModule(TaskModule):
    """Its extra state is any given value."""

    task = "ball"
    kept: Any = None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["kept"] = self.kept

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.kept = checkpoint["kept"]


def stateful_module(kept: Any = None) -> StatefulModule:
    made = StatefulModule()
    made.kept, made.config = kept, {"seed": 1}
    return made


@settings(deadline=None, max_examples=150)
@given(Values)
def test_values_are_restored_bit_by_bit(value: Any) -> None:
    other = stateful_module()
    load_extra_state(other, dump_extra_state(stateful_module(value)))
    assert repr(other.kept) == repr(value) or other.kept == value  # repr: -0.0 and the kinds of numbers


def test_infinities_and_nan_are_restored_although_json_has_none() -> None:
    other = stateful_module()
    data = dump_extra_state(stateful_module({"far": math.inf, "back": [-math.inf, math.nan]}))
    json.loads(data, parse_constant=pytest.fail)
    load_extra_state(other, data)
    assert other.kept["far"] == math.inf
    assert other.kept["back"][0] == -math.inf
    assert math.isnan(other.kept["back"][1])


def test_the_configuration_is_left_to_the_manifest() -> None:
    assert json.loads(dump_extra_state(stateful_module(7))) == {"kept": 7}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": [1, torch.zeros(2)]}, r"kept\.a\[1\] is a Tensor; a model keeps tensors as buffers"),
        (Path("x"), "kept is a PosixPath"),
        ({1: 2}, "kept has the key 1"),
        ({"not finite": "inf"}, "kept has the key 'not finite'"),
        ({1, 2}, "kept is a set"),
    ],
)
def test_values_that_json_cannot_hold_are_refused_with_their_path(value: Any, reason: str) -> None:
    with pytest.raises(PackageRefused, match=f"state.json: {reason}"):
        dump_extra_state(stateful_module(value))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"{", b'{"kept": {"not finite": "soon"}}', b"[" * 500])
def test_state_that_no_module_wrote_is_refused(data: bytes) -> None:
    with pytest.raises(PackageRefused, match=r"state\.json: is not what such a model keeps"):
        load_extra_state(stateful_module(), data)
