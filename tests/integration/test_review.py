"""`raasid review` run as the real command over footage of every kind."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from killed_command import killed_before
from untrained import checkpoint

from raasid.review.decision import Decision
from raasid.review.perceived_frames import PerceivedFrames

LAW = "law=ifab_2025_26"


def write_clip(
    path: Path, size: tuple[int, int], frames: int, rate: float = 25.0, codec: str = "mp4v"
) -> Path:
    """A white ball that rolls over grass, past a person in red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
    for index in range(frames):
        image = np.full((size[1], size[0], 3), (60, 140, 70), np.uint8)
        x, y = size[0] // 2, size[1] // 3
        cv2.rectangle(image, (x, y), (x + size[0] // 20, y + size[1] // 3), (40, 40, 200), -1)
        cv2.circle(
            image, (size[0] // 4 + 4 * index, size[1] // 2), max(4, size[0] // 60), (255, 255, 255), -1
        )
        writer.write(image)
    writer.release()
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("models")
    return [f"{task}={checkpoint(folder, task)}" for task in ("ball", "pose", "context")]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One clip of every kind that has caused a problem."""
    folder = tmp_path_factory.mktemp("footage")
    write_clip(folder / "plain.mp4", (320, 184), 12)
    write_clip(folder / "one_frame.mp4", (320, 184), 1)
    write_clip(folder / "ten_a_second.mp4", (320, 184), 6, rate=10.0)
    write_clip(folder / "deep/vertical.mp4", (184, 320), 6)
    write_clip(folder / "4k.mp4", (3840, 2160), 3)
    truncated = write_clip(folder / "torn.avi", (320, 184), 40, codec="MJPG")
    truncated.write_bytes(truncated.read_bytes()[: truncated.stat().st_size // 2])
    (folder / "no_video.mp4").write_bytes(b"\0" * 4096)
    (folder / "notes.md").write_text("not footage")
    return folder


def rows(summary: Path) -> dict[str, dict[str, str]]:
    with summary.open(newline="", encoding="utf-8") as file:
        return {row["clip"]: row for row in csv.DictReader(file)}


def test_a_mixed_folder_is_reviewed_and_unreadable_files_are_named(
    call_cli, models: list[str], footage: Path, tmp_path: Path
) -> None:
    done = call_cli("review", f"source={footage}", LAW, *models)

    assert done.returncode == 1, done.stderr
    assert "1 of 7 clips could not be reviewed: no_video.mp4" in done.stderr
    assert "Traceback" not in done.stderr
    found = rows(tmp_path / "reviews/summary.csv")
    assert set(found) == {
        *("plain.mp4", "one_frame.mp4", "ten_a_second.mp4", "deep/vertical.mp4", "4k.mp4", "torn.avi"),
        "no_video.mp4",
    }
    assert found["no_video.mp4"]["decision"] == "failed"
    assert "cannot be opened" in found["no_video.mp4"]["reasons"]
    decisions = {
        name: Decision.model_validate_json((Path(row["folder"]) / "decision.json").read_text())
        for name, row in found.items()
        if row["folder"]
    }
    assert len(decisions) == 6
    for decision in decisions.values():
        assert decision.decision != "offence", "nobody has taught these models anything"
    assert decisions["one_frame.mp4"].abstained
    assert decisions["ten_a_second.mp4"].stands_on.frame_rate_hz == 10.0
    assert any("10 frames a second" in limit for limit in decisions["ten_a_second.mp4"].limits)
    assert (decisions["4k.mp4"].stands_on.width, decisions["4k.mp4"].stands_on.frames) == (3840, 3)
    assert any("damaged" in limit for limit in decisions["torn.avi"].limits)
    for row in found.values():
        if row["folder"]:
            shown = cv2.VideoCapture(str(Path(row["folder"]) / "annotated.mp4"))
            assert shown.read()[0]
            assert (Path(row["folder"]) / "review.html").is_file()

    again = call_cli("review", f"source={footage}", LAW, *models)

    assert again.returncode == 1
    assert again.stderr.count("reviewed before") == 6
    assert "looking" not in again.stderr
    assert rows(tmp_path / "reviews/summary.csv") == found


SHORT_CHUNKS = """
from raasid.review.perceived_frames import PerceivedFrames
PerceivedFrames.__init__.__defaults__ = (10,)
"""


def test_a_killed_review_resumes(
    models: list[str], tmp_path: Path, call_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "clips/a.mp4", (320, 184), 5)
    write_clip(tmp_path / "clips/b.mp4", (320, 184), 25)
    words = [f"source={tmp_path / 'clips'}", LAW, *models, "review.video=false", f"paths.root={tmp_path}"]
    second_chunk = f"{tmp_path}/reviews/b-*/tracks-*/0000010.json"
    assert killed_before(second_chunk, 1, "review", *words, setup=SHORT_CHUNKS)
    (first,) = tmp_path.glob("reviews/b-*/tracks-*/0000000.json")
    written = first.stat().st_mtime_ns

    monkeypatch.setattr(PerceivedFrames.__init__, "__defaults__", (10,))
    done = call_cli("review", *words)

    assert done.returncode == 0, done.stderr
    assert "a.mp4: reviewed before" in done.stderr
    assert first.stat().st_mtime_ns == written
    (decision,) = tmp_path.glob("reviews/b-*/ifab_2025_26/decision.json")
    assert json.loads(decision.read_text())["stands_on"]["frames"] == 25
    assert not list(tmp_path.glob("reviews/*/*/.draft*"))


def test_without_trained_models_the_message_names_those_to_train(call_cli, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", (320, 184), 3)
    done = call_cli("review", f"source={clip}", LAW)
    assert done.returncode == 2
    assert "raasid train experiment=ball" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["law=ifab_2030_31", "source=clip.mp4"], "ifab_2030_31"),
        (["ball=nowhere.ckpt", "source=clip.mp4"], "no such file: 'nowhere.ckpt'"),
        (["review.min_ball_seen=2", "source=clip.mp4"], "review.min_ball_seen"),
        ([], "source"),
    ],
)
def test_an_invalid_argument_is_refused_before_anything_is_created(
    words: list[str], expected: str, call_cli, tmp_path: Path
) -> None:
    done = call_cli("review", *words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_missing_footage_is_named(call_cli, models: list[str]) -> None:
    done = call_cli("review", "source=nowhere.mp4", LAW, *models)
    assert done.returncode == 2
    assert "no such file or folder" in done.stderr
