"""`RUN/run.json`: identity, ownership and end of a training."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.io.lease import LeaseHeld, LeaseLost
from raasid.training.run_record import RunFinished, own_run, read_run, refuse_owned_run

CONFIG = {"trainer": {"max_epochs": 3}}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    file = tmp_path / "run" / "checkpoints" / "last.ckpt"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    return file


def test_a_resumed_run_keeps_its_identity_and_takes_the_new_configuration(checkpoint: Path) -> None:
    run_dir = checkpoint.parent.parent
    with own_run(run_dir, CONFIG, None) as first:
        first.start_registering()
    longer = {"trainer": {"max_epochs": 9}}
    with own_run(run_dir, longer, checkpoint) as second:
        assert second.record.id == first.record.id
        assert second.record.started == first.record.started
        assert second.record.registering
    record = read_run(run_dir)
    assert record is not None
    assert record.config == longer
    assert record.lengths()["max_epochs"] == 9
    assert record.resumed_from is None


def test_a_run_that_begins_again_is_another_run(checkpoint: Path) -> None:
    run_dir = checkpoint.parent.parent
    with own_run(run_dir, CONFIG, None) as first:
        first.start_registering()
    with own_run(run_dir, CONFIG, None) as second:
        assert second.record.id != first.record.id
        assert not second.record.registering


def test_a_run_from_the_checkpoint_of_another_names_it_by_content(checkpoint: Path, tmp_path: Path) -> None:
    with own_run(tmp_path / "other", CONFIG, checkpoint):
        pass
    checkpoint.unlink()  # the origin is known although it is gone
    again = tmp_path / "other" / "checkpoints" / "last.ckpt"
    with own_run(tmp_path / "other", CONFIG, again) as run:
        assert run.record.resumed_from is not None
        assert run.record.resumed_from["path"] == str(checkpoint)
        assert len(run.record.resumed_from["sha256"]) == 64


def test_a_finished_run_says_so_and_what_follows_in_its_directory_is_another(checkpoint: Path) -> None:
    run_dir = checkpoint.parent.parent
    with own_run(run_dir, CONFIG, None) as run:
        run.finish("ball_model v20261123.1")
    record = read_run(run_dir)
    assert record is not None
    assert record.finished
    assert record.version == "ball_model v20261123.1"
    with own_run(run_dir, CONFIG, None) as other:
        assert other.record.id != run.record.id


def test_a_run_that_another_process_finished_since_it_was_chosen_is_left_alone(checkpoint: Path) -> None:
    run_dir = checkpoint.parent.parent
    with own_run(run_dir, CONFIG, None) as run:
        run.finish("ball_model v20261123.1")
    before = (run_dir / "run.json").read_bytes()
    for start in (checkpoint, run_dir / "checkpoints" / "not_yet.ckpt"):
        with pytest.raises(RunFinished, match=r"registered as ball_model v20261123\.1"):  # noqa: SIM117
            with own_run(run_dir, CONFIG, start):
                pass
    assert (run_dir / "run.json").read_bytes() == before


def test_a_run_has_one_owner(tmp_path: Path) -> None:
    refuse_owned_run(tmp_path)
    with own_run(tmp_path, CONFIG, None):
        with pytest.raises(LeaseHeld, match=f"run {tmp_path.name} belongs to another process"):
            refuse_owned_run(tmp_path)
        with pytest.raises(LeaseHeld), own_run(tmp_path, CONFIG, None):
            pass
    refuse_owned_run(tmp_path)


def test_an_owner_that_was_followed_registers_nothing_more(tmp_path: Path) -> None:
    with own_run(tmp_path, CONFIG, None) as run:
        (tmp_path / ".owner" / "000002.json").write_text("{}", encoding="utf-8")
        for act in (run.check_owned, run.start_registering, lambda: run.finish(None)):
            with pytest.raises(LeaseLost):
                act()
        with pytest.raises(LeaseLost):
            run.check_not_lost()
    record = read_run(tmp_path)
    assert record is not None
    assert not record.registering
    assert record.finished is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', '{"id": "a", "started": "b", "config": 3}'])
def test_a_damaged_record_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    assert read_run(tmp_path) is None
