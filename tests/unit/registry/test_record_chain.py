"""Records are JSON that every reader takes, also of paths that are not UTF-8."""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from raasid.registry.record_chain import canonical_json, decode_record, encode_record
from raasid.registry.strict_json import parse_json

texts = st.binary(max_size=20).map(os.fsdecode) | st.text(st.characters(codec=None), max_size=20)
values = st.recursive(texts | st.integers() | st.booleans(), lambda inner: st.lists(inner, max_size=3))


@given(body=st.dictionaries(st.sampled_from(["config", "reason", "lineage"]), values))
def test_a_record_of_any_names_is_strict_json_and_intact(body: dict[str, Any]) -> None:
    data = encode_record(body)
    read = decode_record(data, "record")
    assert parse_json(data) == {**read, "seal": json.loads(data)["seal"]}
    assert canonical_json(read) == canonical_json(body)


def test_a_byte_that_is_not_utf_8_is_recorded_as_its_escape() -> None:
    path = os.fsdecode(b"/data/\xe9t\xe9")
    assert json.loads(canonical_json({"root": path})) == {"root": r"/data/\xe9t\xe9"}
