"""The staging area: after a kill at any filesystem call the next process finishes the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.collect.annotators import NoAnnotator
from raasid.collect.collector import CollectedFootage, Collector, assemble
from raasid.collect.options import CollectOptions
from raasid.collect.source_discovery import Source
from raasid.collect.staging import CollectResult, StagingArea
from raasid.footage.quarantine import Quarantine
from raasid.footage.store import DatasetStore

CALLS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link"}


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    rng = np.random.default_rng(0)
    found = []
    for number in range(2):
        path = tmp_path / f"in/p{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 255, (32, 48, 3), np.uint8))
        found.append(Source(str(path), path.name))
    return found


def collector(store: Path, **settings: float) -> Collector:
    return Collector(StagingArea(store), CollectOptions(**settings), NoAnnotator())  # type: ignore[arg-type]


def collect_all(store: Path, sources: list[Source]) -> CollectedFootage:
    work = collector(store)
    work.staging.remove_abandoned()
    for source in sources:
        if work.staging.result(source, work.settings_key()) is None:
            work.staging.record(source, work.settings_key(), work.collect(source, source.name))
    return assemble(work, sources, Quarantine())


def in_a_process(work: Callable[[], object], dies_at: int | None = None) -> bool:
    """Run in a child process that dies at its n-th filesystem call; return whether it finished."""
    pid = os.fork()
    if pid == 0:
        calls = 0

        def count(event: str, _: object) -> None:
            nonlocal calls
            if event in CALLS:
                calls += 1
                if calls == dies_at:
                    os._exit(9)

        sys.addaudithook(count)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 9)
    return status == 0


def test_a_kill_at_any_call_does_not_change_the_result(sources: list[Source], tmp_path: Path) -> None:
    undisturbed = collect_all(tmp_path / "calm", sources)
    expected = DatasetStore(tmp_path / "calm").add(
        "footage", undisturbed.footage, made_by="test", link_media=True
    )
    dies_at = 1
    while True:
        store = tmp_path / f"killed{dies_at}"
        survived = in_a_process(lambda store=store: collect_all(store, sources), dies_at)
        again = collect_all(store, sources)
        version = DatasetStore(store).add("footage", again.footage, made_by="test", link_media=True)
        assert version.digest == expected.digest
        assert [path.name for path in store.rglob(".*")] == []
        if survived:
            break
        dies_at += 1
    assert dies_at > 30, "there are that many calls at least"


def test_two_concurrent_processes_make_one_dataset(sources: list[Source], tmp_path: Path) -> None:
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                collect_all(tmp_path / "store", sources)
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
    together = DatasetStore(tmp_path / "store").add(
        "footage", collect_all(tmp_path / "store", sources).footage, made_by="test", link_media=True
    )
    alone = DatasetStore(tmp_path / "alone").add(
        "footage", collect_all(tmp_path / "alone", sources).footage, made_by="test", link_media=True
    )
    assert together.digest == alone.digest


def test_the_same_content_under_two_names_is_one_clip(sources: list[Source], tmp_path: Path) -> None:
    copy = sources[0].path.with_name("q.png")
    copy.write_bytes(sources[0].path.read_bytes())
    assembled = collect_all(tmp_path / "store", [*sources, Source(str(copy), "q.png")])
    assert len(assembled.footage.clips) == 2
    (entry,) = assembled.footage.quarantine
    assert (entry.path, entry.reason) == ("q.png", "duplicate: the same content as p0.png")


def test_a_file_that_changed_is_collected_again(sources: list[Source], tmp_path: Path) -> None:
    first = collect_all(tmp_path / "store", sources).footage.clips
    cv2.imwrite(sources[0].location, np.full((32, 48, 3), 7, np.uint8))
    second = collect_all(tmp_path / "store", sources).footage.clips
    assert first[0].id != second[0].id
    assert first[1:] == second[1:]


def test_a_missing_part_is_rebuilt(sources: list[Source], tmp_path: Path) -> None:
    work = collector(tmp_path / "store")
    collect_all(tmp_path / "store", sources)
    result = work.staging.result(sources[0], work.settings_key())
    assert result is not None
    assert result.part is not None
    (work.staging.part(result.part) / "part.json").unlink()
    assert work.staging.result(sources[0], work.settings_key()) is None
    assert len(collect_all(tmp_path / "store", sources).footage.clips) == 2


def test_different_options_make_different_parts(sources: list[Source], tmp_path: Path) -> None:
    keys = {
        collector(tmp_path, **settings).collect(sources[0], "").part
        for settings in ({}, {"rate_hz": 1.0}, {"jpeg_quality": 80}, {"duration_s": 5.0})
    }
    assert len(keys) == 3, "how long streams are taken changes nothing in a file"


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    result = collector(tmp_path).collect(Source(str(tmp_path / "gone.mp4"), "gone.mp4"), "")
    assert result == CollectResult(None, None, ("cannot be read: No such file or directory",))
