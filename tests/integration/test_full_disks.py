"""Full disks: whatever is written, and whole runs on a disk that becomes full at a random moment."""

from __future__ import annotations

import math
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from integration_runs import RunCli
from small_disk import SmallDisk, small_disk
from soak import SOAK, rounds
from staged_play import ball, no_progress, person, play, review_models, write_clip

from raasid.collect.source_discovery import Source
from raasid.config.launch import write_hydra_output_atomically
from raasid.errors import Exit, RaasidError
from raasid.footage.formats import EXPORT_FORMATS, exporter
from raasid.footage.records import Clip, Footage, Frame, Provenance
from raasid.io.disk_full import DiskFull
from raasid.models.ball.heatmap import BallHeatmap
from raasid.packaging.onnx.export import write_graphs
from raasid.packaging.onnx.graph_spec import export_graphs
from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry
from raasid.registry.signing import make_key
from raasid.reports.document import write_document
from raasid.review.options import ReviewOptions
from raasid.review.review_clip import review_clip
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League
from raasid.training.checkpointing import AtomicCheckpointIO
from raasid.training.metrics_csv import MetricsCsv
from raasid.wandb_tracking.logging import run_id

WHOLE_RUN = 1_200_000
"""More than the bytes that a run of `debug=limit` leaves."""
TOUCH = play(30, at=14)
JOURNALS = re.compile(r"train\.log|log/.*\.jsonl|days/\d+")
"""Files that are empty until there is something to tell, and marks that have no content."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


def empty_files(folder: Path) -> list[str]:
    """Files without content under a final name."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.stat().st_size]
    return [str(path) for path in files if JOURNALS.search(str(path.relative_to(folder))) is None]


def drafts(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.draft"))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """An image and a video, not on the small disk."""
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "0.png"), noise)
    write_clip(tmp_path / "clip.mp4", TOUCH)
    return tmp_path


def footage(media: Path) -> Footage:
    frame = Frame(0, media / "0.png", 320, 240, (ball(60, 60),), (person(),))
    return Footage([Clip("c", (frame,), Provenance("test", match="m"))])


def write_onnx_graphs(folder: Path, _: Path) -> None:
    model = BallHeatmap(channels=4).eval()
    write_graphs(export_graphs(model), [(torch.zeros(2, 64, 96, 3, dtype=torch.uint8),)], folder, {})


def log_metrics(folder: Path, _: Path) -> None:
    log = MetricsCsv(folder / "metrics.csv")
    for step in range(2000):
        log.log_metrics({"train/loss": 1 / 3}, step)


def save_config(folder: Path, _: Path) -> None:
    import hydra.core.utils

    write_hydra_output_atomically()
    hydra.core.utils._save_config({"key": "x" * 30_000}, "config.yaml", folder / ".hydra")  # type: ignore[arg-type]


def review(folder: Path, media: Path) -> None:
    clip = Source(str(media / "clip.mp4"), "clip.mp4")
    review_clip(clip, folder / "out", review_models(TOUCH), "ifab_2025_26", ReviewOptions(), no_progress)


WEIGHTS = {"weight": torch.zeros(9000)}
CARD: dict[str, Path | bytes] = {"card.json": b"{}" + b" " * 30_000}
WRITERS: dict[str, Callable[[Path, Path], object]] = {
    "checkpoint": lambda to, _: AtomicCheckpointIO().save_checkpoint(WEIGHTS, to / "last.ckpt"),
    "metrics": log_metrics,
    "report": lambda to, _: write_document(to / "report.html", "title", ["x" * 30_000]),
    "configuration": save_config,
    "graphs": write_onnx_graphs,
    "league": lambda to, _: generate(League(matches=2, clips_per_match=1, size=(320, 180)), to),
    "review": review,
    "run id": lambda to, _: run_id(to),
    "key": lambda to, _: make_key(to / "key.pem"),
    "version": lambda to, _: Registry(to / "registry").register("ball_model", CARD),
    **{
        f"export {name}": lambda to, media, name=name: exporter(name)(footage(media), to / "out")
        for name in EXPORT_FORMATS
    },
}  # fmt: skip
TINY = {"run id", "key", "league"}
"""Their files are smaller than the smallest disk that a limit on the size of files can stand for."""


@pytest.mark.parametrize(
    ("name", "free"),
    [(name, free) for name in WRITERS for free in (0, 16_384) if name not in {"run id", "key"} or not free],
)
def test_what_finds_no_room_names_the_folder_and_leaves_nothing_half_written(
    disk: SmallDisk, media: Path, name: str, free: int
) -> None:
    if name in TINY and not disk.is_mounted:
        pytest.skip("no limit on the size of files is so small, and this test may mount no disk")
    disk.leave(free)
    with pytest.raises(RaasidError, match=f"{disk.folder}.*{disk.refusal}") as caught:
        WRITERS[name](disk.folder, media)
    assert caught.value.exit == Exit.FAILED
    assert ".draft" not in str(caught.value)
    disk.make_room()
    assert empty_files(disk.folder) == []
    assert drafts(disk.folder) == []
    WRITERS[name](disk.folder, media)
    assert empty_files(disk.folder) == []


def test_a_video_that_finds_no_room_is_noticed_although_opencv_tells_nothing(
    disk: SmallDisk, media: Path
) -> None:
    review(disk.folder, media)
    (decision,) = disk.folder.rglob("decision.json")
    decision.unlink()  # the tracks are kept, and the video is drawn again
    video = decision.with_name("annotated.mp4")
    complete = video.read_bytes()
    disk.leave(100_000)
    with pytest.raises(DiskFull, match=rf"{disk.folder}.*annotated\.mp4 needs at least"):
        review(disk.folder, media)
    assert video.read_bytes() == complete
    disk.make_room()
    review(disk.folder, media)
    assert video.read_bytes() == complete


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(rounds(quick=3, soak=50)))
def test_a_run_on_a_disk_that_becomes_full_says_so_and_is_finished_when_there_is_room(
    disk: SmallDisk, run_cli: RunCli, call_cli: RunCli, league: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    root = disk.folder
    words = [*league[:-1], "debug=limit", "register=true", f"paths.root={root}"]
    if rng.random() < 0.8:
        shutil.copytree(league[-1].removeprefix("paths.data="), root / "data")
    early = rng.random() < 0.4
    disk.leave(round(math.exp(rng.uniform(8, math.log(WHOLE_RUN))) if early else rng.uniform(0, WHOLE_RUN)))
    done = (run_cli if SOAK else call_cli)("train", *words)
    disk.make_room()
    assert done.returncode in (Exit.DONE, Exit.FAILED), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    if done.returncode:
        assert re.search(rf"^error: .*{root}.*{disk.refusal}", done.stderr, re.MULTILINE), done.stderr
    assert empty_files(root) == []

    again = call_cli("train", *words, "ckpt_path=last")
    assert again.returncode == Exit.DONE, again.stderr
    assert empty_files(root) == []
    registry = Registry(root / "registry")
    assert fsck(registry) == []
    assert len(list(registry.versions("ball_model").newest_first())) == 1
