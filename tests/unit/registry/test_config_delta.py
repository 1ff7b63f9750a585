from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.registry.lineage import config_delta

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
trees = st.dictionaries(
    st.text("abc", min_size=1, max_size=2),
    st.recursive(
        plain, lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_size=4,
)


def test_every_key_that_differs_is_named_by_its_path() -> None:
    old = {"optimizer": {"lr": 0.1, "name": "adamw"}, "seed": 1, "tags": ["a"], "only": {"old": True}}
    new = {"optimizer": {"lr": 0.2, "name": "adamw"}, "seed": "1", "tags": ["a"], "empty": {}}
    assert [tuple(change) for change in config_delta(old, new)] == [
        ("empty", "-", "{}"),
        ("only.old", "true", "-"),
        ("optimizer.lr", "0.1", "0.2"),
        ("seed", "1", '"1"'),
    ]


@settings(deadline=None)
@given(tree=trees)
def test_a_config_does_not_differ_from_itself(tree: dict[str, object]) -> None:
    assert config_delta(tree, tree) == []


@settings(deadline=None)
@given(one=trees, other=trees)
def test_exchanging_the_configs_exchanges_old_and_new_values(
    one: dict[str, object], other: dict[str, object]
) -> None:
    there, back = config_delta(one, other), config_delta(other, one)
    assert [(key, new, old) for key, old, new in there] == [tuple(change) for change in back]
