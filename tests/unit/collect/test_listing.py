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


def names(*words: str, left_out: Quarantine | None = None) -> list[str]:
    return [source.name for source in find_sources(words, Quarantine() if left_out is None else left_out)]


def test_a_folder_gives_its_videos_and_pictures_by_their_place(footage: Path) -> None:
    assert names(str(footage)) == ["a/Köln gegen Bonn.MKV", "a/still.png", "b.mp4"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.mp4", ["b.mp4"]),
        ("**/*.MKV", ["a/Köln gegen Bonn.MKV"]),
        ("a/*", ["Köln gegen Bonn.MKV", "still.png"]),
    ],
)
def test_a_pattern_names_files_below_its_fixed_part(footage: Path, pattern: str, found: list[str]) -> None:
    assert names(str(footage / pattern)) == found


def test_what_is_named_twice_is_one_source(footage: Path) -> None:
    assert names(str(footage / "b.mp4"), str(footage / "a/../b.mp4")) == ["b.mp4"]


@pytest.mark.parametrize("prefix", ["", "@"])
def test_a_list_has_a_word_a_line_relative_to_itself(footage: Path, prefix: str) -> None:
    (footage / "list.txt").write_text("# two\n\nb.mp4\nrtsp://camera/1\ngone.mp4\n")
    left_out = Quarantine()
    assert names(f"{prefix}{footage / 'list.txt'}", left_out=left_out) == ["b.mp4", "rtsp://camera/1"]
    assert [entry.path for entry in left_out] == ["gone.mp4"]


def test_a_list_that_names_itself_is_refused(footage: Path) -> None:
    (footage / "list.txt").write_text("@list.txt\n")
    with pytest.raises(SourceMissing, match="names itself"):
        names(str(footage / "list.txt"))


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"gone\.mp4"):
        names(str(tmp_path / "gone.mp4"))


def test_links_in_circles_are_named_and_followed_once(footage: Path) -> None:
    (footage / "a/up").symlink_to(footage, target_is_directory=True)
    left_out = Quarantine()
    assert len(names(str(footage), left_out=left_out)) == 3
    assert [(entry.path, entry.kind) for entry in left_out] == [("a/up", "symbolic link in a circle")]
