"""Completion of `raasid <verb> …`."""

from __future__ import annotations

import pytest

from raasid.config.completion import verb_to_complete

VERBS = {"train": 1, "evaluate": 2}


@pytest.mark.parametrize(
    ("line", "verb", "left"),
    [
        ("raasid train ", "train", "raasid "),
        ("raasid train model=ba", "train", "raasid model=ba"),
        ("raasid evaluate a=1 data", "evaluate", "raasid a=1 data"),
    ],
)
def test_the_verb_is_taken_out_of_the_line(line: str, verb: str, left: str) -> None:
    environ = {"COMP_LINE": line}

    assert verb_to_complete(VERBS, environ) == verb
    assert environ["COMP_LINE"] == left


@pytest.mark.parametrize(
    ("line", "offered"),
    [("raasid ", "evaluate train"), ("raasid tr", "train"), ("raasid x", ""), ("raasid x y", "")],
)
def test_the_verb_itself_is_completed(line: str, offered: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        verb_to_complete(VERBS, {"COMP_LINE": line})

    assert leaving.value.code == 0
    assert capsys.readouterr().out.strip() == offered
