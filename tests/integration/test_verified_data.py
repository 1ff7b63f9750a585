"""What is trained on is what was stored: changed labels and pixels are refused, or named in the lineage."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from in_process import call_raasid
from integration_runs import RunCli, Trained, only_run

from raasid.footage import coco_format
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion

QUICK = [
    "data.league=null", "data.size=[96,64]", "data.crop=64", "data.batch_size=2", "data.samples_per_epoch=2",
    "model.channels=4", "trainer.max_epochs=1", "test=false", "register=false",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six matches of one image with a ball, in two splits."""
    root = tmp_path / "given"
    rng = np.random.default_rng(0)
    for number in range(6):
        split = "val" if number > 3 else "train"
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / f"images/{split}/p{number}.bmp"), rng.integers(0, 255, (64, 96, 3), np.uint8))
        (root / f"labels/{split}/p{number}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [ball]\n")
    return root


@pytest.fixture
def stored(folder: Path, tmp_path: Path) -> DatasetVersion:
    """The same, as a version of the store."""
    done = call_raasid("import", "data=yolo", f"data.root={folder}", "name=cup", f"paths.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    return DatasetStore(tmp_path / "store").find("cup")


def changed(path: Path) -> None:
    """Change a pixel or digit, and hide it behind the old size and modification time."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def emptied(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"")


LABELS, PIXELS = coco_format.FILE_NAME, "media/train/p1.bmp"
DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "labels changed": (changed, LABELS),
    "labels emptied": (emptied, LABELS),
    "pixels changed": (changed, PIXELS),
    "pixels emptied": (emptied, PIXELS),
    "pixels deleted": (Path.unlink, PIXELS),
}


def refused(done: Any, version: DatasetVersion, file: str) -> bool:
    return (
        done.returncode == 2
        and version.ref in done.stderr
        and file in done.stderr
        and "import the footage again" in done.stderr
        and "Traceback" not in done.stderr
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_version_is_not_trained_on(
    call_cli: RunCli, stored: DatasetVersion, tmp_path: Path, damage: str
) -> None:
    damaged, file = DAMAGES[damage]
    damaged(stored.folder / file)
    done = call_cli("train", "data=store", "data.dataset=cup", *QUICK)
    assert refused(done, stored, file), done.stderr
    assert not list((only_run(tmp_path)).rglob("*.ckpt"))


def test_no_verb_reads_a_damaged_version(
    call_cli: RunCli, stored: DatasetVersion, folder: Path, trained: Trained, tmp_path: Path
) -> None:
    changed(stored.folder / PIXELS)
    data, size = ["data=store", "data.dataset=cup"], ["data.size=[96,64]", "data.crop=64"]
    for words in (
        ["evaluate", f"ckpt_path={trained.run}/checkpoints/best.ckpt", *data, *size],
        ["validate", *data],
        ["validate", "data=yolo", f"data.root={folder}", "reference=cup"],
        ["relabel", *data],
        ["import", *data, "name=copy"],
    ):
        done = call_cli(*words)
        assert refused(done, stored, PIXELS), (words, done.stderr)
    for words in (["export", "cup", "coco", str(tmp_path / "out")], ["show", "cup", "--verify"]):
        done = call_raasid("data", "--store", tmp_path / "store", *words)
        assert refused(done, stored, PIXELS), (words, done.stderr)


def test_a_file_that_appears_where_one_was_missing_is_not_trained_on(
    call_cli: RunCli, folder: Path, tmp_path: Path
) -> None:
    store = DatasetStore(tmp_path / "store")
    call_cli("import", "data=yolo", f"data.root={folder}", "name=cup")
    footage = store.find("cup").footage()
    footage.clips[0].frames[0].image.unlink()
    version = store.add("gappy", footage, made_by="a test")
    (name,) = {clip.frames[0].image for clip in version.clips()} - version.footage().media.keys()
    cv2.imwrite(str(name), np.zeros((64, 96, 3), np.uint8))
    done = call_cli("train", "data=store", "data.dataset=gappy", *QUICK)
    assert refused(done, version, name.name), done.stderr


@pytest.mark.parametrize("how", [changed, emptied])
def test_a_new_import_replaces_damaged_objects(
    call_cli: RunCli, stored: DatasetVersion, folder: Path, how: Callable[[Path], None]
) -> None:
    # a medium of a version is a hard link to its object: both are damaged
    how(stored.folder / PIXELS)
    other = call_cli("import", "data=yolo", f"data.root={folder}", "name=other")
    assert other.returncode == 0, other.stderr
    again = call_cli("import", "data=yolo", f"data.root={folder}", "name=cup")
    assert "1 damaged files were replaced" in again.stderr
    for version in DatasetStore(stored.folder.parents[2]).versions():
        assert version.digest == stored.digest
        assert version.find_damage() == {}


def test_a_version_on_the_scratch_disk_is_trained_on_without_its_media_in_the_store(
    call_cli: RunCli, stored: DatasetVersion, tmp_path: Path
) -> None:
    words = ["data=store", "data.dataset=cup", *QUICK, "data.cache_gib=0", f"paths.scratch={tmp_path}/disk"]
    first = call_cli("train", *words)
    assert first.returncode == 0, first.stderr
    assert f"copying {stored.ref} to {tmp_path}/disk" in first.stderr
    for file in (tmp_path / "store").rglob("*.bmp"):
        file.unlink()
    again = call_cli("train", *words, "optimizer.lr=0.002")
    assert again.returncode == 0, again.stderr
    assert "copying" not in again.stderr
    measured = call_cli("evaluate", "ckpt_path=last", *words[:2], f"paths.scratch={tmp_path}/disk")
    assert measured.returncode == 0, measured.stderr
    facts = [json.loads(file.read_text())["data"] for file in (tmp_path / "logs").rglob("lineage.json")]
    assert [each["dataset"] for each in facts] == [stored.ref] * 2
    assert facts[0]["media_sha256"] == facts[1]["media_sha256"]


def test_the_lineage_names_the_stored_version(
    call_cli: RunCli, stored: DatasetVersion, tmp_path: Path
) -> None:
    done = call_cli("train", "data=store", "data.dataset=cup", *QUICK)
    assert done.returncode == 0, done.stderr
    data = json.loads((only_run(tmp_path) / "lineage.json").read_text())["data"]
    assert (data["dataset"], data["dataset_sha256"]) == (stored.ref, stored.digest)


def test_the_lineage_tells_replaced_pixels(call_cli: RunCli, folder: Path, tmp_path: Path) -> None:
    words = ["train", "data=yolo", f"data.root={folder}", *QUICK, f"paths.data={tmp_path / 'data'}"]

    def data_of(run: str) -> dict[str, Any]:
        done = call_cli(*words, f"paths.logs={tmp_path / run / 'logs'}")
        assert done.returncode == 0, done.stderr
        lineage: dict[str, Any] = json.loads((only_run(tmp_path / run) / "lineage.json").read_text())
        return lineage["data"]

    first = data_of("first")
    changed(folder / "images/train/p1.bmp")
    second = data_of("second")
    assert first.pop("media_sha256") != second.pop("media_sha256")
    assert first == second


def test_a_run_is_not_resumed_on_other_data(
    call_cli: RunCli, stored: DatasetVersion, folder: Path, tmp_path: Path
) -> None:
    """A name means the newest version: an import between start and resume would change the data."""
    words = [*QUICK, "data=store", "data.dataset=cup", f"paths.root={tmp_path}"]
    begun = call_raasid("train", *words, "test=false")
    assert begun.returncode == 0, begun.stderr
    run = only_run(tmp_path)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"finished": None}))

    changed(folder / "images" / "train" / "p0.bmp")
    again = call_raasid("import", "data=yolo", f"data.root={folder}", "name=cup", f"paths.root={tmp_path}")
    assert again.returncode == 0, again.stderr
    refused = call_raasid("train", *words, "ckpt_path=last", "trainer.max_epochs=2")
    assert refused.returncode == 2
    assert "the data is not what this run began on:" in refused.stderr
    newest = DatasetStore(tmp_path / "store").find("cup")
    assert f"\n  dataset: {newest.ref} now, {stored.ref} then" in refused.stderr

    same = call_raasid(
        "train", *words, "ckpt_path=last", "trainer.max_epochs=2", f"data.dataset={stored.ref}"
    )
    assert same.returncode == 0, same.stderr
    assert only_run(tmp_path) == run
