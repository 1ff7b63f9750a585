"""Names that are not UTF-8, or hold control characters, markup and line breaks, through the real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from in_process import call_raasid
from integration_runs import only_run
from small_videos import write_video
from untrained import checkpoint

from raasid.escaping import printable_lines
from raasid.footage.store import DatasetStore
from raasid.registry.registry import Registry
from raasid.registry.strict_json import parse_json

FOLDER = "m\n<script>alert(1)"
LATIN_1 = os.fsdecode(b"\xe9t\xe9")
ESCAPE = "p\x1b[31m[red]:ball:"
SHEET = r'{train: images/train, val: images/val, names: [ball, "\e[31mplayer\u202e<b>"]}'
QUICK = [
    "data.league=null", "data.size=[96,64]", "data.crop=64", "data.batch_size=2", "model.channels=4",
    "data.samples_per_epoch=2", "trainer.max_epochs=1",
]  # fmt: skip


def call(root: Path, *words: str, status: int = 0) -> str:
    """Run a command; return its output, in which no name may be raw."""
    words = words if words[0] == "data" else (*words, f"paths.root='{root}'")
    done = call_raasid(*words)
    shown = done.stdout + done.stderr
    assert done.returncode == status, shown
    assert shown == printable_lines(shown)
    assert "UnicodeEncodeError" not in shown
    return shown


def check_files(root: Path) -> None:
    """Check every page and JSON file below a folder: UTF-8, nothing raw, no element that a name has made."""
    pages = list(root.rglob("*.html"))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text == printable_lines(text)
        assert text.rstrip().endswith("</html>")
        assert "<script>alert" not in text
        assert "player\\u202e<b>" not in text
    files = [path for path in root.rglob("*.json") if not path.parent.name.startswith("tracks-")]
    for path in files:
        parse_json(path.read_bytes())  # refuses lone surrogates
        assert printable_lines(path.relative_to(root)) == str(path.relative_to(root))
    assert pages
    assert files


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five good images and a torn one in each split, under every kind of bad name."""
    root = tmp_path_factory.mktemp("footage")
    rng = np.random.default_rng(0)
    names = ("plain", f"{FOLDER}/a", f"{FOLDER}/{LATIN_1}", LATIN_1, ESCAPE, f"torn{LATIN_1}\x1b")
    for split in ("train", "val"):
        for name in names:
            image, label = root / f"images/{split}/{name}.png", root / f"labels/{split}/{name}.txt"
            for path in (image, label):
                path.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 255, (64, 96, 3), np.uint8)
            data = cv2.imencode(".png", pixels)[1].tobytes()
            image.write_bytes(data[:100] if name.startswith("torn") else data)
            label.write_text("0 0.5 0.5 0.1 0.1\n1 0.4 0.4 0.3 0.3\n")
    (root / "data.yaml").write_text(SHEET)
    return root


@pytest.fixture(scope="module")
def trained(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A training on such footage, and its output."""
    root = tmp_path_factory.mktemp("trained")
    return root, call(root, "train", "data=yolo", f"data.root={footage}", *QUICK)


def test_a_training_ends_with_a_report_and_a_version(trained: tuple[Path, str]) -> None:
    root, shown = trained
    assert "left out: 2 truncated PNG" in shown
    check_files(root)
    listed = json.loads((only_run(root) / "quarantine.json").read_text(encoding="utf-8"))
    assert listed["entries"][0]["path"] == r"images/train/torn\xe9t\xe9\x1b.png"
    assert r"images/train/\xe9t\xe9" in (only_run(root) / "lineage.json").read_text().replace("\\\\", "\\")
    assert len(Registry(root / "registry").versions("ball_model").names()) == 1


def test_an_evaluation_and_a_validation_report_such_names(
    trained: tuple[Path, str], footage: Path, tmp_path: Path
) -> None:
    best = only_run(trained[0]) / "checkpoints/best.ckpt"
    call(tmp_path, "evaluate", f"ckpt_path={best}", "data=yolo", f"data.root={footage}", *QUICK[:4])
    shown = call(tmp_path, "validate", "data=yolo", f"data.root={footage}", status=3)
    assert "left_out" in shown
    check_files(tmp_path)
    page = (only_run(tmp_path, "validate") / "validation.html").read_text(encoding="utf-8")
    assert r"torn\xe9t\xe9\x1b.png" in page


def test_a_stored_version_has_printable_names_and_trains(footage: Path, tmp_path: Path) -> None:
    call(tmp_path, "import", "data=yolo", f"data.root={footage}", "name=cup")
    version = DatasetStore(tmp_path / "store").find("cup")
    assert version.manifest["missing_media"] == 0
    assert len(version.clips()) == 10
    assert sorted(version.manifest["splits"]["train"]) == sorted(
        clip.id for clip in version.clips() if "/train/" in clip.id
    )
    for words in (["ls"], ["show", "cup", "--verify"], ["export", "cup", "cvat", str(tmp_path / "cvat")]):
        call(tmp_path, "data", "--store", str(tmp_path / "store"), *words)
    call(tmp_path, "train", "data=store", "data.dataset=cup", *QUICK)
    check_files(tmp_path)
    call(tmp_path, "import", "data=store", "data.dataset=cup", "name=copy")
    assert DatasetStore(tmp_path / "store").find("copy").digest == version.digest


def test_a_root_that_is_not_utf_8_trains_and_registers(footage: Path, tmp_path: Path) -> None:
    root = tmp_path / LATIN_1
    root.symlink_to(footage)
    call(tmp_path, "train", "data=yolo", f"data.root='{root}'", *QUICK)
    versions = Registry(tmp_path / "registry").versions("ball_model")
    manifest = versions.manifest(*versions.names())
    assert manifest.config["data"]["root"].endswith(r"\xe9t\xe9")
    assert r"\xe9t\xe9" in manifest.reason


def test_a_command_that_wandb_cannot_record_is_refused_before_the_training(
    footage: Path, tmp_path: Path
) -> None:
    root = tmp_path / LATIN_1
    root.symlink_to(footage)
    words = ["train", "data=yolo", f"data.root='{root}'", "logger=wandb", *QUICK]
    shown = call(tmp_path, *words, status=2)
    assert r"W&B records the command line, and data.root=" in shown
    assert r"\xe9t\xe9' is not UTF-8" in shown
    assert "step 1" not in shown


def test_a_file_that_only_a_text_can_name_has_to_be_utf_8(tmp_path: Path) -> None:
    shown = call(tmp_path, "evaluate", f"ckpt_path='{LATIN_1}\x1b.ckpt'", status=2)
    assert r"ckpt_path    must be UTF-8, but is \xe9t\xe9\x1b.ckpt; rename it" in shown


def test_a_run_is_refused_where_its_files_cannot_be_written(tmp_path: Path) -> None:
    root = tmp_path / LATIN_1
    shown = call(tmp_path, "train", "data=synthetic_tiny", f"paths.logs='{root}'", *QUICK[1:], status=2)
    assert rf"paths.logs    must be UTF-8, but is {tmp_path}/\xe9t\xe9;" in shown
    assert not root.exists()


def test_an_error_names_a_class_without_commanding_the_terminal(footage: Path, tmp_path: Path) -> None:
    shown = call(
        tmp_path, "train", "data=yolo", f"data.root={footage}", "data.ball_class=handball", *QUICK, status=2
    )
    assert r"the set has 0: ball, 1: \x1b[31mplayer\u202e<b>" in shown


def test_videos_with_such_names_are_collected_and_reviewed(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    plain = write_video(tmp_path / "plain.mp4", 5, size=(320, 184)).read_bytes()
    for name in (f"{FOLDER}.mp4", f"{LATIN_1}.mp4", f"{ESCAPE}.mp4", f"{'é' * 110}\udce9.mp4"):
        path = clips / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(plain)
    (clips / f"torn{LATIN_1}\x1b.mp4").write_bytes(b"\0" * 99)
    models = [f"{task}={checkpoint(tmp_path, task)}" for task in ("ball", "pose", "context")]

    call(tmp_path / "collected", "collect", f"source={clips}", "collect.annotate=false")
    check_files(tmp_path / "collected")
    shown = call(tmp_path / "reviewed", "review", f"source={clips}", "law=ifab_2025_26", *models, status=1)
    assert r"1 of 5 clips could not be reviewed: torn\xe9t\xe9\x1b.mp4" in shown
    check_files(tmp_path / "reviewed")
    again = call(tmp_path / "reviewed", "review", f"source={clips}", "law=ifab_2025_26", *models, status=1)
    assert again.count("reviewed before") == 4


def test_a_terminal_without_unicode_gets_escapes(footage: Path, tmp_path: Path) -> None:
    root = tmp_path / "été"
    call(root, "import", "data=yolo", f"data.root={footage}", "name=cup")
    words = [sys.executable, "-m", "raasid", "data", "--store", str(root / "store"), "show", "cup"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert rb"\xe9t\xe9/store/datasets/cup" in done.stdout
