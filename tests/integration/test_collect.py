"""Collecting through the real command: killed, sharded, unreadable files, streams."""

from __future__ import annotations

import functools
import json
import random
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from in_process import call_raasid
from killed_command import killed_before
from peak_memory import peak_kib

from raasid.footage.store import DatasetStore

REPO = Path(__file__).resolve().parents[2]


def collect(root: Path, *words: str, status: int = 0) -> str:
    """Run `raasid collect` in this process; return its output."""
    done = call_raasid("collect", *words, f"paths.root={root}")
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def only_run(root: Path) -> Path:
    return max((root / "logs/collect").iterdir())


def leftovers(root: Path) -> list[str]:
    return [str(path) for path in (root / "store").rglob("*") if path.name.startswith(".")]


def media(root: Path) -> set[str]:
    """Names and inodes: a file stored again would have another."""
    return {f"{path}:{path.stat().st_ino}" for path in (root / "store").rglob("*.jpg")}


def video(path: Path, frames: int = 50, size: tuple[int, int] = (160, 96), seed: int = 0) -> Path:
    """A green pitch with upright moving blobs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, size)
    rng = np.random.default_rng(seed)
    lawn = np.full((size[1], size[0], 3), (60, 140, 70), np.uint8) + rng.integers(0, 9, 3, np.uint8)
    for number in range(frames):
        image = lawn.copy()
        for person in range(4):
            x = 15 + 35 * person + (number * (person + 1)) // 8
            cv2.rectangle(image, (x, 40), (x + 6, 58), (230, 230, 40 * person), -1)
        writer.write(image)
    writer.release()
    return path


def test_five_kills_at_random_moments_change_nothing(shared: Path, tmp_path: Path) -> None:
    clip = shared / "data/video/match_pan_848x478.mp4"
    words = [f"source={clip}", "collect.clip_s=0.4", "collect.rate_hz=6"]
    collect(tmp_path / "calm", *words)
    wanted = DatasetStore(tmp_path / "calm/store").find("footage")

    killed = tmp_path / "killed"
    rng = random.Random(3)
    for _ in range(5):
        change = rng.randrange(1, 40)
        assert killed_before(f"{killed}/store/*", change, "collect", *words, f"paths.root={killed}")
    collect(killed, *words)

    assert DatasetStore(killed / "store").find("footage").digest == wanted.digest
    assert leftovers(killed) == []
    assert len(wanted.clips()) > 10
    assert sum(len(frame.persons) for clip in wanted.clips() for frame in clip.frames) > 250


def test_collecting_again_stores_nothing(tmp_path: Path) -> None:
    clip = video(tmp_path / "in/derby.mp4")
    collect(tmp_path, f"source={clip}")
    before = media(tmp_path)
    collect(tmp_path, f"source={clip}")
    assert media(tmp_path) == before
    assert len(DatasetStore(tmp_path / "store").versions()) == 1


def test_shards_give_the_dataset_of_one_process(tmp_path: Path) -> None:
    for number in range(3):
        video(tmp_path / f"in/match{number}.mp4", seed=number)
    listed = tmp_path / "list.txt"
    listed.write_text("# three\n" + "".join(f"in/match{number}.mp4\n" for number in range(3)))
    collect(tmp_path / "one", f"source={listed}")
    whole = DatasetStore(tmp_path / "one/store").find("footage")
    output = collect(tmp_path / "two", f"source='@{listed}'", "collect.shard=1/2")
    assert "1 of 3 sources are collected; other shards have 2 to go" in output
    assert DatasetStore(tmp_path / "two/store").versions() == []
    collect(tmp_path / "two", f"source='@{listed}'", "collect.shard=0/2")
    assert DatasetStore(tmp_path / "two/store").find("footage").digest == whole.digest
    assert {clip.match for clip in whole.clips()} == {"match0", "match1", "match2"}


def huge_png(path: Path) -> None:
    """20,000 x 20,000 black pixels in some fifty kilobytes."""
    packer, rows = zlib.compressobj(), bytes(2501)
    body = b"".join(packer.compress(rows) for _ in range(20_000)) + packer.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.fixture
def rubbish(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    good = video(folder / "gut und schön.mp4")
    (folder / "torn.mp4").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    video(folder / "no frames.mp4", frames=0)
    (folder / "empty.jpg").write_bytes(b"")
    image = np.full((64, 96, 3), 90, np.uint8)
    (folder / "really png.jpg").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    cv2.imwrite(str(folder / "good.png"), image + 5)
    huge_png(folder / "huge.png")
    (folder / "round").mkdir()
    (folder / "round/again").symlink_to(folder, target_is_directory=True)
    (folder / "self.mp4").symlink_to(folder / "self.mp4")
    (folder / "notes.md").write_text("not footage")
    return folder


def test_unreadable_files_are_named_and_the_rest_is_stored(rubbish: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "raasid", "collect", f"source={rubbish}", f"paths.root={tmp_path}"]
    status, peak = peak_kib(words, REPO, tmp_path / "said")
    output = (tmp_path / "said").read_text()

    assert status == 0, output
    assert "Traceback" not in output
    assert peak < 600_000, "KiB; the huge picture alone has 1.2 GB"
    entries = json.loads((only_run(tmp_path) / "quarantine.json").read_text())["entries"]
    kinds = {entry["path"]: entry["reason"].partition(":")[0] for entry in entries}
    assert kinds == {
        "torn.mp4": "no video",
        "no frames.mp4": kinds["no frames.mp4"],
        "empty.jpg": "zero bytes",
        "really png.jpg": "wrong extension",
        "huge.png": "absurd size",
        "round/again": "symbolic link in a circle",
        "self.mp4": "dead symbolic link",
    }
    assert kinds["no frames.mp4"] in ("no video", "no frame", "zero bytes")
    for path in kinds:
        assert f"warning: {path}: " in output
    clips = DatasetStore(tmp_path / "store").find("footage").clips()
    assert {clip.match for clip in clips} == {"gut und schön", "really png", "good"}
    assert {frame.image.suffix for clip in clips for frame in clip.frames} == {".jpg", ".png"}


def test_a_source_without_usable_files_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    output = collect(tmp_path, f"source={tmp_path / 'empty.jpg'}", status=2)
    assert "empty.jpg: zero bytes" in output
    assert "Traceback" not in output


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def test_a_stream_is_recorded_for_the_configured_seconds(server: str, tmp_path: Path) -> None:
    video(tmp_path / "live.mp4", frames=100)
    words = [f"source={server}/live.mp4", "collect.duration_s=2", "collect.clip_s=1"]
    collect(tmp_path, *words)
    version = DatasetStore(tmp_path / "store").find("footage")
    assert [len(clip.frames) for clip in version.clips()] == [5, 5]
    collect(tmp_path, *words)
    assert len(DatasetStore(tmp_path / "store").versions()) == 1
    assert leftovers(tmp_path) == []


def test_an_unreachable_stream_is_named(tmp_path: Path) -> None:
    clip = video(tmp_path / "derby.mp4")
    output = collect(tmp_path, f"source=[{clip},'http://127.0.0.1:9/live.mp4']")
    assert "warning: http://127.0.0.1:9/live.mp4: no video" in output


def test_memory_does_not_grow_with_the_length_of_the_video(tmp_path: Path) -> None:
    peaks_kib = []
    for frames in (50, 1500):
        clip = video(tmp_path / f"v{frames}.mp4", frames=frames, size=(640, 360))
        words = ["collect", f"source={clip}", "collect.rate_hz=5", "collect.annotate=false"]
        root = f"paths.root={tmp_path / str(frames)}"
        status, peak = peak_kib([sys.executable, "-m", "raasid", *words, root], REPO, tmp_path / "said")
        assert status == 0
        peaks_kib.append(peak)
    assert peaks_kib[1] < peaks_kib[0] + 40_000, f"KiB: {peaks_kib}; 1,450 frames more are a gigabyte"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("collect.shard=3/3", "expected i/n with i from 0 to n - 1"),
        ("collect.path_pattern='('", "is no regular expression"),
        ("collect.path_pattern='(?P<team>x)'", "needs groups called match, season, competition or camera"),
        ("collect.pose_model=gone.task", "no such file: 'gone.task'"),
        ("collect.clip_s=0", "collect.clip_s"),
    ],
)
def test_an_invalid_option_is_reported_before_anything_is_created(
    tmp_path: Path, word: str, expected: str
) -> None:
    assert expected in collect(tmp_path, "source=x.mp4", word, status=2)
    assert not (tmp_path / "store").exists()


def test_a_missing_source_is_a_usage_error(tmp_path: Path) -> None:
    assert "no such file or folder" in collect(tmp_path, "source=gone.mp4", status=2)


def test_pose_model_and_people_on_real_footage(shared: Path, tmp_path: Path) -> None:
    collect(
        tmp_path,
        f"source={shared / 'data/video/match_pan_848x478.mp4'}",
        f"collect.pose_model={shared / 'assets/pose_landmarker_full.task'}",
        "collect.rate_hz=0.5",
    )
    frames = [
        frame for clip in DatasetStore(tmp_path / "store").find("footage").clips() for frame in clip.frames
    ]
    people = [person for frame in frames for person in frame.persons]
    posed = [person for person in people if person.keypoints]
    assert len(people) >= 15 * len(frames)
    assert len(posed) >= 0.5 * len(people)
    assert all(person.source is not None and not person.source.reviewed for person in people)
    assert {person.source.name.partition("@")[0] for person in posed if person.source} == {
        "mediapipe/pose_landmarker_full"
    }
    assert (only_run(tmp_path) / "report.html").read_text().count("<figure>") >= 8


def test_a_retraining_collects_first_what_is_new_and_decides_nothing_if_that_fails(tmp_path: Path) -> None:
    video(tmp_path / "season" / "final.mp4")
    (tmp_path / "empty").mkdir()

    def retrain(source: object, *words: str) -> tuple[int, str]:
        where = (f"paths.root={tmp_path}", "data=store", "data.dataset=cup", "models=[ball_model]")
        done = call_raasid("retrain", f"retrain.collect={source}", *where, *words)
        return done.returncode, done.stdout + done.stderr

    season = f"{{source: {tmp_path}/season, name: cup, annotate: false, rate_hz: 2}}"
    assert retrain(season, "retrain.dry_run=true")[0] == 0
    assert not (tmp_path / "store").exists(), "nothing is done"
    status, told = retrain(season)
    assert (status, "verdict: there is no champion to check" in told) == (0, True)
    (version,) = DatasetStore(tmp_path / "store").versions("cup")
    assert version.manifest["made_by"] == "collect"
    assert retrain(season)[0] == 0
    assert len(DatasetStore(tmp_path / "store").versions()) == 1, "the same footage is the same version"

    status, told = retrain(tmp_path / "empty")
    assert (status, f"{tmp_path}/empty: nothing to collect" in told, "verdict: " in told) == (0, True, True)
    for missing in (tmp_path / "gone", f"[{tmp_path}/season, {tmp_path}/gone.mp4]"):
        status, told = retrain(missing)
        assert (status, "verdict: " in told) == (1, False), told
        assert "error: retrain.collect: source: " in told
