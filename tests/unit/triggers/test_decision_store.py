"""Decision records on the disk."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from raasid.registry.errors import BadName
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionDamaged, DecisionStore

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def decision(reason: str = "Nothing is wrong.", **changes) -> Decision:
    fields = {"model": "ball_model", "trigger": "drift", "champion": None, "verdict": "hold"}
    return Decision(**(fields | {"reason": reason} | changes))


def test_two_folders_get_the_same_files_with_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("one", "other"):
        path = DecisionStore(tmp_path / name).write(decision(), MONDAY)
        files.append((path.relative_to(tmp_path / name), path.read_bytes()))

    assert files[0] == files[1]
    assert files[0][0].as_posix() == f"ball_model/20261123-drift-{decision().digest[:12]}.json"


def test_a_decision_is_stored_once_even_on_another_day(tmp_path: Path) -> None:
    store = DecisionStore(tmp_path)

    assert store.write(decision(), MONDAY) == store.write(decision(), TUESDAY)
    assert len(list(tmp_path.rglob("*.json"))) == 1


def test_decisions_are_listed_newest_first_by_model(tmp_path: Path) -> None:
    store = DecisionStore(tmp_path)
    late = store.write(decision("Tuesday."), TUESDAY)
    for k, reason in enumerate(("first", "second")):
        os.utime(store.write(decision(reason), MONDAY), ns=(k, k))
    store.write(decision("other", model="pose_model"), MONDAY)

    listed = [found.decision.reason for found in store.newest_first("ball_model")]

    assert listed == ["Tuesday.", "second", "first"]
    assert len(list(store.newest_first())) == 4
    assert store.read(late) == (decision("Tuesday."), late, TUESDAY)


def test_an_empty_folder_has_no_decisions(tmp_path: Path) -> None:
    assert list(DecisionStore(tmp_path / "none").newest_first()) == []


@pytest.mark.parametrize("damage", ["cut", "changed", "renamed", "moved", "misnamed"])
def test_a_damaged_record_is_named_and_refused(tmp_path: Path, damage: str) -> None:
    store = DecisionStore(tmp_path)
    path = store.write(decision(), MONDAY)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif damage == "changed":
        path.write_bytes(path.read_bytes().replace(b"Nothing", b"Nuthing"))
    elif damage == "renamed":
        path = path.rename(path.with_name(path.name.replace("drift", "calendar")))
    elif damage == "moved":
        (tmp_path / "pose_model").mkdir()
        path = path.rename(tmp_path / "pose_model" / path.name)
    else:
        path = path.rename(path.with_name("notes.json"))

    assert list(store.find_damage()) == [path]
    with pytest.raises(DecisionDamaged, match=path.name):
        list(store.newest_first())


def test_writing_a_damaged_record_again_repairs_it(tmp_path: Path) -> None:
    store = DecisionStore(tmp_path)
    path = store.write(decision(), MONDAY)
    path.write_bytes(b"")

    assert store.write(decision(), TUESDAY) == path
    assert store.find_damage() == {}


def test_a_model_cannot_name_a_folder_outside(tmp_path: Path) -> None:
    with pytest.raises(BadName):
        DecisionStore(tmp_path).write(decision(model="../x"), MONDAY)
