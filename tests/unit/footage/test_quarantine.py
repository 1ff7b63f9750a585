"""Rejected entries are listed, counted, and written so that two runs can be compared byte by byte."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from raasid.footage.quarantine import Quarantine, RejectedSample

ENTRIES = st.lists(
    st.tuples(st.text(max_size=8), st.none() | st.integers(1, 99), st.sampled_from(["a: 1", "a: 2", "b: 1"]))
)


def filled(entries: list[tuple[str, int | None, str]]) -> Quarantine:
    quarantine = Quarantine()
    for path, line, reason in entries:
        quarantine.add(path, reason, line)
    return quarantine


@given(ENTRIES, st.randoms())
def test_the_order_of_entries_does_not_affect_the_file(
    entries: list[tuple[str, int | None, str]], random
) -> None:
    shuffled = random.sample(entries, len(entries))
    assert list(filled(entries)) == list(filled(shuffled))
    assert list(filled(entries).summary().items()) == list(filled(shuffled).summary().items())


@given(ENTRIES)
def test_the_summary_counts_every_entry_once(entries: list[tuple[str, int | None, str]]) -> None:
    quarantine = filled(entries)
    assert sum(quarantine.summary().values()) == len(quarantine) == len(set(entries))


def test_kinds_are_counted_by_the_text_before_the_colon_in_descending_order() -> None:
    quarantine = filled(
        [("x", 1, "not a number: 'a'"), ("x", 2, "not a number: 'b'"), ("y", None, "missing: z")]
    )
    assert list(quarantine.summary().items()) == [("not a number", 2), ("missing", 1)]
    assert quarantine.describe() == "2 not a number, 1 missing"


def test_many_kinds_are_summarised_by_the_first_few() -> None:
    quarantine = filled([("x", line, f"kind {line}: v") for line in range(1, 7)])
    assert quarantine.describe(max_kinds=2) == "1 kind 1, 1 kind 2, and 4 other kinds"


def test_the_file_contains_every_entry_and_no_temporary_file_remains(tmp_path: Path) -> None:
    quarantine = filled([("b.txt", 3, "not a number: 'x'"), ("a.jpg", None, "zero bytes: 0")])
    target = tmp_path / "run" / "quarantine.json"
    quarantine.write(target)
    quarantine.write(target)
    document = json.loads(target.read_text())
    assert document["left_out"] == 2
    assert [RejectedSample(**entry) for entry in document["entries"]] == list(quarantine)
    assert document["reasons"] == {"not a number": 1, "zero bytes": 1}
    assert list(target.parent.iterdir()) == [target]


def test_a_file_name_that_is_not_utf8_can_be_listed(tmp_path: Path) -> None:
    odd = os.fsdecode(b"img_\xff\x1b.jpg")
    filled([(odd, None, f"zero bytes: {odd}")]).write(tmp_path / "quarantine.json")
    (entry,) = json.loads((tmp_path / "quarantine.json").read_bytes())["entries"]
    assert entry["path"] == r"img_\xff\x1b.jpg"
    assert entry["reason"] == r"zero bytes: img_\xff\x1b.jpg"
