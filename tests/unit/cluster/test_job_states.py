"""What became of a job, from what Slurm answers and what the job has noted."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from raasid.cluster import job_record
from raasid.cluster.job_record import JobRecord, result_file, worked_s
from raasid.cluster.job_states import job_tasks
from raasid.cluster.slurm_commands import SlurmMissing
from raasid.io.disk_full import DiskFull

SUBMITTED = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that answer what the files `squeue.answer` and `sacct.answer` hold."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("squeue", "sacct"):
        program = programs / name
        program.write_text(f"#!/bin/sh\ncat '{programs}/{name}.answer'\n")
        program.chmod(0o755)
        (programs / f"{name}.answer").write_text("")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


@pytest.fixture
def record(tmp_path: Path) -> JobRecord:
    folder = tmp_path / "job"
    (folder / "state").mkdir(parents=True)
    return JobRecord("job", "train", "slurm", folder, SUBMITTED, (tmp_path / "run",), ("train",), id="17")


def local(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%dT%H:%M:%S")


def state_of(record: JobRecord) -> tuple[str, str, bool]:
    (task,) = job_tasks([record])
    return task.state, task.reason, task.ended


def note(record: JobRecord, name: str, text: str) -> None:
    (record.folder / "state" / name).write_text(text + "\n")


def test_an_earlier_job_of_the_same_number_is_another_one(slurm: Path, record: JobRecord) -> None:
    old = local(datetime(2025, 1, 1, tzinfo=UTC))
    (slurm / "squeue.answer").write_text(f"17|COMPLETED|{old}|None\n")
    (slurm / "sacct.answer").write_text(f"17|COMPLETED|{old}\n")
    note(record, "0.0.start", "17 1764504000 n1")
    state, reason, ended = state_of(record)
    assert (state, ended) == ("FAILED", True)
    assert "killed" in reason


def test_what_slurm_has_forgotten_is_told_by_the_notes_of_the_job(slurm: Path, record: JobRecord) -> None:
    note(record, "0.0.start", "17 1764504000 n1")
    note(record, "0.0.end", "75 1764504100 requeued")
    note(record, "0.1.start", "17 1764504200 n2")
    note(record, "0.1.end", "7 1764504300")
    assert state_of(record) == ("FAILED", "exit status 7", True)
    assert worked_s(record.folder, 0) == 200


def test_a_final_state_is_remembered_after_slurm_has_forgotten_it(slurm: Path, record: JobRecord) -> None:
    (slurm / "squeue.answer").write_text(f"17|TIMEOUT|{local(SUBMITTED)}|TimeLimit\n")
    assert state_of(record) == ("TIMEOUT", "TimeLimit", True)
    (slurm / "squeue.answer").write_text("")
    assert state_of(record) == ("TIMEOUT", "TimeLimit", True)


def test_a_full_disk_does_not_keep_a_state_from_being_told(
    slurm: Path, record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: str) -> None:
        raise DiskFull(path.parent, OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(job_record, "write_atomic", refuse)
    (slurm / "squeue.answer").write_text(f"17|FAILED|{local(SUBMITTED)}|NonZeroExitCode\n")
    assert state_of(record)[0] == "FAILED"
    assert not list(record.folder.glob("state/*.final"))


def test_accounting_tells_what_the_controller_has_forgotten(slurm: Path, record: JobRecord) -> None:
    (slurm / "sacct.answer").write_text(f"17|CANCELLED by 1000|{local(SUBMITTED)}\n")
    assert state_of(record)[0] == "CANCELLED"


def test_the_failure_of_a_node_is_not_the_end_while_the_job_may_be_queued_again(
    slurm: Path, record: JobRecord
) -> None:
    (slurm / "squeue.answer").write_text(f"17|NODE_FAIL|{local(SUBMITTED)}|NodeDown\n")
    assert state_of(record) == ("NODE_FAIL", "NodeDown", False)
    (slurm / "squeue.answer").write_text(f"17|PENDING|{local(SUBMITTED)}|BeginTime\n")
    assert state_of(record) == ("PENDING", "BeginTime", False)


def test_a_job_that_asked_to_be_queued_again_has_not_ended(slurm: Path, record: JobRecord) -> None:
    note(record, "0.0.start", "17 1764504000 n1")
    note(record, "0.0.end", "75 1764504100 requeued")
    (slurm / "squeue.answer").write_text(f"17|COMPLETING|{local(SUBMITTED)}|None\n")
    assert state_of(record) == ("COMPLETING", "", False)


def test_a_job_whose_number_was_never_stored_is_found_by_its_notes(slurm: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    (folder / "state").mkdir(parents=True)
    lost = JobRecord("killed", "train", "slurm", folder, SUBMITTED, (tmp_path,), ())
    note(lost, "0.0.start", "18 1764504000 n1")
    (slurm / "squeue.answer").write_text(f"18|RUNNING|{local(SUBMITTED)}|None\n")
    assert state_of(lost) == ("RUNNING", "", False)


def test_without_slurm_only_an_end_that_was_noted_is_known(
    record: JobRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    note(record, "0.0.start", "17 1764504000 n1")
    (task,) = job_tasks([record], without_slurm=True)
    assert (task.state, task.ended) == ("UNKNOWN", False)
    with pytest.raises(SlurmMissing, match="slurm_local"):
        list(job_tasks([record]))
    note(record, "0.0.end", "0 1764504100")
    (task,) = job_tasks([record], without_slurm=True)
    assert (task.state, task.ended) == ("COMPLETED", True)


@pytest.mark.parametrize(
    ("verb", "reason"), [("retrain", "gate refused (exit status 3)"), ("validate", "refused (exit status 3)")]
)
def test_a_refusal_is_not_told_as_a_crash(slurm: Path, record: JobRecord, verb: str, reason: str) -> None:
    note(record, "0.0.start", "17 1764504000 n1")
    note(record, "0.0.end", "3 1764504100")
    assert state_of(replace(record, verb=verb)) == ("FAILED", reason, True)


def test_a_job_whose_submitter_was_killed_before_the_answer_is_found_by_its_script(
    slurm: Path, record: JobRecord
) -> None:
    unanswered = replace(record, id=None)
    assert state_of(unanswered)[0] == "CANCELLED"  # not for good: sbatch may just be at it

    of_script = f"16|/another/job.sbatch\\n18|{record.folder}/job.sbatch\\n"
    state = f"18|PENDING|{local(SUBMITTED)}|Priority\\n"
    (slurm / "squeue").write_text(
        f"""#!/bin/sh\ncase "$*" in *%o*) printf '{of_script}' ;; *) printf '{state}' ;; esac\n"""
    )
    assert state_of(unanswered) == ("PENDING", "Priority", False)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("error: 2 problems in the configuration\n  data.size  too small\n", "error: 2 problems"),
        ('Traceback (most recent call last):\n  File "a", line 1, in f\n    g()\nOSError: 3\n', "OSError: 3"),
        ("", "exit status 1"),
    ],
)  # fmt: skip
def test_a_failure_says_what_its_error_says(slurm: Path, record: JobRecord, error: str, reason: str) -> None:
    note(record, "0.0.start", "17 1764504000 n1")
    note(record, "0.0.end", "1 1764504100")
    result_file(record.folder, 0).write_text(json.dumps({"error": error} if error else {}))
    (slurm / "squeue.answer").write_text(f"17|FAILED|{local(SUBMITTED)}|NonZeroExitCode\n")
    (task,) = job_tasks([record])
    assert (task.state, task.reason) == ("FAILED", "exit status 1")
    assert task.explanation.startswith(reason)
