from __future__ import annotations

import hashlib
import sys
import threading
from pathlib import Path

import pytest

from raasid.footage import coco_format
from raasid.io.drafts import Draft
from raasid.synthetic import generate as module
from raasid.synthetic.generate import RenderingFailed, generate
from raasid.synthetic.league import League

LEAGUE = League(matches=2, clips_per_match=1, frames_per_clip=1, size=(160, 96))


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_the_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert len(generate(LEAGUE, alone, workers=1)) == len(generate(LEAGUE, together, workers=2)) == 2
    assert contents(alone) == contents(together)
    assert len(contents(alone)) == 4


def test_an_existing_league_is_not_rendered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = generate(LEAGUE, tmp_path, workers=1)
    monkeypatch.setattr(module, "build_folder", lambda *_: pytest.fail("rendered again"))
    assert generate(LEAGUE, tmp_path) == first
    assert all(frame.image.is_file() for clip in first for frame in clip.frames)


def test_two_concurrent_renderings_give_one_league_and_leave_no_staged_folder(tmp_path: Path) -> None:
    found: list[int] = []
    racers = [
        threading.Thread(target=lambda: found.append(len(generate(LEAGUE, tmp_path, workers=1))))
        for _ in range(2)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert found == [2, 2]
    assert [path.name for path in tmp_path.iterdir()] == [f"synthetic-{LEAGUE.digest()[:12]}"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> list[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "render_matches", crash)
    with pytest.raises(KeyboardInterrupt):
        generate(LEAGUE, tmp_path, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_staged_folder_of_a_dead_process_is_removed_and_that_of_a_living_one_is_not(
    tmp_path: Path,
) -> None:
    orphan, living = (Draft(tmp_path, "synthetic-0", folder=True) for _ in range(2))
    orphan.close()
    generate(LEAGUE, tmp_path, workers=1)
    assert not orphan.path.exists()
    assert living.path.exists()
    living.remove()


def test_a_dead_worker_is_reported_with_its_last_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RenderingFailed, match="status 1; its last output: none"):
        generate(LEAGUE, tmp_path, workers=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["images/000/000_000.jpg", coco_format.FILE_NAME, "manifest.json"])
@pytest.mark.parametrize("how", ["changed", "emptied", "deleted"])
def test_a_damaged_league_is_rendered_again(
    tmp_path: Path, name: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = generate(LEAGUE, tmp_path, workers=1)
    (folder,) = tmp_path.iterdir()
    whole, file = contents(folder), folder / name
    if how == "deleted":
        file.unlink()
    else:
        file.write_bytes(b"x" + file.read_bytes()[1:] if how == "changed" else b"")
    assert generate(LEAGUE, tmp_path, workers=1) == clips
    assert contents(folder) == whole
    assert "damaged, and replaced" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [folder]


def test_outside_a_terminal_there_is_one_line_at_the_start_and_one_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(LEAGUE, tmp_path, workers=1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 2
