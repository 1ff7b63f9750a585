"""Every run has a directory of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from raasid.config.run_dir import claim_run_dir, find_runs

NOW = datetime(2026, 11, 23, 5, 10, 3)


def test_the_name_has_the_time_and_the_hash(tmp_path: Path) -> None:
    run = claim_run_dir(tmp_path / "logs" / "train", "abc123", now=NOW)

    assert run == tmp_path / "logs" / "train" / "2026-11-23_05-10-03_abc123"
    assert run.is_dir()


def test_twenty_runs_of_one_second_get_twenty_directories(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: claim_run_dir(tmp_path, "abc123", now=NOW), range(20)))

    assert len(set(runs)) == 20
    assert (tmp_path / "2026-11-23_05-10-03_abc123_20").is_dir()


def test_runs_are_listed_from_the_newest(tmp_path: Path) -> None:
    names = [f"2026-11-23_05-10-03_abc123{suffix}" for suffix in ("", "_2", "_10")]
    for name in [*names, "2026-11-24_00-00-00_ffffff", "2026-11-25_00-00-00_abc123_sweep", "notes"]:
        (tmp_path / name).mkdir()

    assert [run.name for run in find_runs(tmp_path, "abc123")] == names[::-1]
    assert next(find_runs(tmp_path)).name == "2026-11-24_00-00-00_ffffff"
    assert list(find_runs(tmp_path / "nowhere")) == []
