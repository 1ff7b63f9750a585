"""Whatever happens to the bytes of a journal: intact records are kept, and nothing is lost in silence."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from raasid.errors import RaasidError
from raasid.sweeps.study_journal import open_journal
from raasid.sweeps.trial_queue import TrialQueue

CELLS = [{"lr": lr, "net": net} for lr in (0.1, 0.2) for net in (8, 16)]


@cache
def journal() -> bytes:
    """Four cells of a grid: two have ended, one runs, and one waits."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "study.journal"
        study = optuna.create_study(storage=open_journal(path), study_name="s")
        queue = TrialQueue(study, Path(folder) / "leases")
        queue.plan(4, CELLS)
        for value in (1.5, 2.5, None):
            taken = queue.take()
            assert taken is not None
            with taken.lease:
                taken.trial.suggest_categorical("lr", [0.1, 0.2])
                taken.trial.suggest_int("net", 8, 16, step=8)
                taken.trial.report(0.5, 3)
                if value is not None:
                    study.tell(taken.trial.number, value)
        return path.read_bytes()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "study.journal"
    path.write_bytes(content)
    return path


def trials(path: Path) -> list[FrozenTrial]:
    (summary,) = (storage := open_journal(path)).get_all_studies()
    return storage.get_all_trials(summary._study_id)


def as_plain_optuna_reads(path: Path) -> list[FrozenTrial]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = JournalStorage(JournalFileBackend(str(path)))
    (summary,) = storage.get_all_studies()
    return storage.get_all_trials(summary._study_id)


def damage() -> st.SearchStrategy[Callable[[bytes], bytes]]:
    """Bytes overwritten, put in, left out, or zeroed up to the end."""
    where, size, other = (
        st.integers(0, len(journal())),
        st.integers(0, 400),
        st.binary(min_size=1, max_size=80),
    )
    return st.one_of(
        st.builds(lambda at, new: lambda old: old[:at] + new + old[at + len(new) :], where, other),
        st.builds(lambda at, new: lambda old: old[:at] + new + old[at:], where, other),
        st.builds(lambda at, size: lambda old: old[:at] + old[at + size :], where, size),
        st.builds(lambda at: lambda old: old[:at] + bytes(len(old[at:])), where),
        st.builds(lambda at: lambda old: old[:at] + b"\n" + old[at:], where),
        st.builds(lambda at: lambda old: old[:at], where),
    )


@given(st.lists(damage(), min_size=1, max_size=3))
def test_after_any_damage_what_intact_records_say_is_there_or_a_typed_error(
    damages: list[Callable[[bytes], bytes]],
) -> None:
    content = whole = journal()
    for each in damages:
        content = each(content)
    with TemporaryDirectory() as name:
        path, folder = written(Path(name), content), Path(name)
        try:
            studies = open_journal(path).get_all_studies()
        except RaasidError:
            assert path.read_bytes() == content, "nothing is changed"
            assert whole.splitlines()[0] not in content
            return
        if not studies:  # cut off or damaged before the first trial
            assert not any(b'"op_code":4' in line and line in content for line in whole.splitlines())
            return
        found = {trial.number: trial for trial in trials(path)}
        for line in whole.splitlines():
            record = json.loads(line)
            if record["op_code"] == 6 and record["values"] and line in content:
                assert found[record["trial_id"]].values == record["values"]
            if record["op_code"] == 5 and line in content:
                assert record["param_name"] in found[record["trial_id"]].params
        told = list(folder.glob("study.journal.damaged-*"))
        assert told or all(line + b"\n" in content for line in whole[: len(content)].splitlines()[:-1])
        assert as_plain_optuna_reads(path) == list(found.values())
        study = optuna.load_study(storage=open_journal(path), study_name="s")
        study.add_trial(optuna.trial.create_trial(value=9.0))
        assert as_plain_optuna_reads(path)[-1].value == 9.0
        assert list(folder.glob("study.journal.damaged-*")) == told, "it is repaired once"


@pytest.mark.parametrize("number", range(1, 5))
def test_a_lost_record_of_a_new_trial_gives_no_outcome_to_another_trial(tmp_path: Path, number: int) -> None:
    lines = journal().splitlines(keepends=True)
    assert json.loads(lines[number])["op_code"] == 4
    before = trials(written(tmp_path, journal()))
    lines[number] = b"\x00" * (len(lines[number]) - 1) + b"\n"
    path = written(tmp_path, b"".join(lines))
    after = trials(path)
    if number == 4:  # it waited, and no other record says that it was there
        assert len(after) == 3
        before.pop()
    assert [(trial.values, trial.params, trial.state) for trial in after] == [
        (trial.values, trial.params, trial.state) for trial in before
    ]
    assert len(path.read_bytes()) == len(journal()), "other processes know the offsets"
    queue = TrialQueue(optuna.load_study(storage=open_journal(path), study_name="s"), tmp_path / "leases")
    assert queue.plan(4, CELLS) == 4
    cells = [trial.system_attrs.get("fixed_params") or trial.params for trial in queue.study.trials]
    assert sorted(map(str, cells)) == sorted(map(str, CELLS))


BAD = {
    "a bad distribution": '{"op_code":5,"worker_id":"x","trial_id":2,"param_name":"z",'
    '"param_value_internal":1,"distribution":"{}"}',
    "an unknown operation": '{"op_code":999,"worker_id":"x"}',
    "a trial that is not there": '{"op_code":8,"worker_id":"x","trial_id":77,"user_attr":{"a":1}}',
    "no record": '["op_code"]',
    "an empty line": "",
    "deep nesting": "[" * 100_000,
    "another encoding": "\xff\xfe",
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
@pytest.mark.parametrize("place", [3, -1])
def test_a_record_that_optuna_refuses_is_moved_away(tmp_path: Path, line: str, place: int) -> None:
    before = trials(written(tmp_path, journal()))
    lines = journal().splitlines(keepends=True)
    lines.insert(place, f"{line}\n".encode("latin-1"))
    path = written(tmp_path, b"".join(lines))
    assert trials(path) == before == as_plain_optuna_reads(path)
    (moved,) = tmp_path.glob("study.journal.damaged-*")
    assert moved.read_bytes() == f"{line}\n".encode("latin-1")


def test_a_changed_value_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path, journal().replace(b'"values":[2.5]', b'"values":[9.5]'))
    assert [trial.state for trial in trials(path)][:2] == [TrialState.COMPLETE, TrialState.RUNNING]
    assert list(tmp_path.glob("study.journal.damaged-*"))


def test_without_the_record_of_the_study_the_advice_is_to_restore_the_file(tmp_path: Path) -> None:
    content = journal()[10:]
    path = written(tmp_path, content)
    with pytest.raises(RaasidError, match=r"study\.journal: .*restore the file from a copy"):
        open_journal(path)
    assert path.read_bytes() == content


def test_a_process_that_has_the_journal_open_goes_on_after_a_repair(tmp_path: Path) -> None:
    path = written(tmp_path, journal())
    study = optuna.load_study(storage=open_journal(path), study_name="s")
    content = path.read_bytes()
    at = content.index(b'"op_code":7')
    path.write_bytes(content[:at] + b"###" + content[at + 3 :])
    trials(path)
    study.add_trial(optuna.trial.create_trial(value=9.0))
    assert [trial.value for trial in study.trials] == [1.5, 2.5, None, None, 9.0]
    assert [trial.value for trial in trials(path)] == [1.5, 2.5, None, None, 9.0]
