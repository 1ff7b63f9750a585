from __future__ import annotations

from pathlib import Path

import pytest

from raasid.collect.source_discovery import SourceMissing, find_sources
from raasid.footage.quarantine import Quarantine


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a/Köln gegen Bonn.MKV", "a/still.png", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(*patterns: str, rejected: Quarantine | None = None) -> list[str]:
    return [source.name for source in find_sources(patterns, Quarantine() if rejected is None else rejected)]


def test_a_folder_gives_its_videos_and_images_sorted_by_path(footage: Path) -> None:
    assert names(str(footage)) == ["a/Köln gegen Bonn.MKV", "a/still.png", "b.mp4"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.mp4", ["b.mp4"]),
        ("**/*.MKV", ["a/Köln gegen Bonn.MKV"]),
        ("a/*", ["Köln gegen Bonn.MKV", "still.png"]),
    ],
)
def test_a_pattern_matches_files_below_its_fixed_part(footage: Path, pattern: str, found: list[str]) -> None:
    assert names(str(footage / pattern)) == found


def test_a_file_that_is_named_twice_is_one_source(footage: Path) -> None:
    assert names(str(footage / "b.mp4"), str(footage / "a/../b.mp4")) == ["b.mp4"]


@pytest.mark.parametrize("prefix", ["", "@"])
def test_a_list_has_one_pattern_per_line_relative_to_its_folder(footage: Path, prefix: str) -> None:
    (footage / "list.txt").write_text("# two\n\nb.mp4\nrtsp://camera/1\ngone.mp4\n")
    rejected = Quarantine()
    assert names(f"{prefix}{footage / 'list.txt'}", rejected=rejected) == ["b.mp4", "rtsp://camera/1"]
    assert [entry.path for entry in rejected] == ["gone.mp4"]


def test_a_list_that_names_itself_is_rejected(footage: Path) -> None:
    (footage / "list.txt").write_text("@list.txt\n")
    with pytest.raises(SourceMissing, match="names itself"):
        names(str(footage / "list.txt"))


def test_a_missing_source_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"gone\.mp4"):
        names(str(tmp_path / "gone.mp4"))


def test_circular_links_are_reported_and_followed_once(footage: Path) -> None:
    (footage / "a/up").symlink_to(footage, target_is_directory=True)
    rejected = Quarantine()
    assert len(names(str(footage), rejected=rejected)) == 3
    assert [(entry.path, entry.kind) for entry in rejected] == [("a/up", "symbolic link in a circle")]
