"""MediaPipe evaluated by the real command on a real photo."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from integration_runs import RunCli, only_run
from untrained import checkpoint

PHOTO = "000000000785.jpg"
OPTIONS = ("model=pose_mediapipe", "data=coco", "data.size=[640,416]")


@pytest.fixture(scope="module")
def skiers(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A COCO set of one photo per split; its one person fills a fifth of it."""
    root = tmp_path_factory.mktemp("coco")
    labels = json.loads((shared / "data/formats/golden_oks/example_coco_val.json").read_text())
    annotations = [a for a in labels["annotations"] if a["image_id"] == 785]
    (record,) = [image for image in labels["images"] if image["id"] == 785]
    (root / "annotations").mkdir()
    for split in ("train", "val", "test"):
        shutil.copy(shared / "data/coco" / PHOTO, root / f"{split}.jpg")
        part = {
            "images": [record | {"file_name": f"{split}.jpg"}],
            "annotations": annotations,
            "categories": labels["categories"],
        }
        (root / f"annotations/person_keypoints_{split}.json").write_text(json.dumps(part))
    return root


def test_a_person_in_a_photo_is_found_as_annotated(
    call_cli: RunCli, shared: Path, skiers: Path, tmp_path: Path
) -> None:
    task = shared / "assets/pose_landmarker_full.task"
    done = call_cli("evaluate", *OPTIONS, f"model.task_file={task}", f"data.root={skiers}")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(("mAP", "AP50"))]
    assert [line[0] for line in lines][-2:] == ["mAP", "AP50"]
    assert "batch of 1, 640×416, 32-true, CPU" in done.stdout
    run = only_run(tmp_path, "evaluate")
    estimates = json.loads((run / "metrics.json").read_text())["estimates"]
    assert estimates["AP50_at_truth"]["value"] == pytest.approx(1.0)
    assert estimates["mAP_at_truth"]["value"] > 0.5
    assert 0 < estimates["arm_error"]["value"] < 40
    assert "PoseMediapipe" in (run / "report.html").read_text()


def test_another_model_on_the_same_persons_is_in_the_same_table(
    call_cli: RunCli, shared: Path, skiers: Path, tmp_path: Path
) -> None:
    task = shared / "assets/pose_landmarker_full.task"
    other = checkpoint(tmp_path, "pose")
    line = (*OPTIONS, f"model.task_file={task}", f"data.root={skiers}", f"against={other}")
    done = call_cli("evaluate", *line)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    (head,) = [line for line in lines if line.startswith("metric")]
    assert head.split() == ["metric", "PoseMediapipe", str(other)]
    (row,) = [line for line in lines[lines.index(head) :] if line.startswith("AP50_at_truth")][:1]
    run = only_run(tmp_path, "evaluate")
    mine, its = (
        json.loads((run / f"{name}.json").read_text())["estimates"]["AP50_at_truth"]["value"]
        for name in ("metrics", "against")
    )
    assert row.split()[1] == f"{mine:.4f}"
    assert f"{its:.4f}" in row.split()[2:]
    assert mine > its
    page = (run / "report.html").read_text()
    assert f"Compared with {other}" in page
    # the evaluated model is still last in the output, for scripts
    assert lines.index(head) < max(i for i, line in enumerate(lines) if line.startswith("AP50 "))


def test_a_model_of_another_task_is_not_compared(call_cli: RunCli, skiers: Path, tmp_path: Path) -> None:
    ball = checkpoint(tmp_path, "ball")
    given = (*OPTIONS, "model.task_file=pyproject.toml", f"data.root={skiers}", f"against={ball}")
    done = call_cli("evaluate", *given)
    assert done.returncode == 2
    assert "is a ball model, and a pose model is measured" in done.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "model.task_file    is required"),
        (("model.task_file=/gone.task",), "no such file: '/gone.task'"),
        (("model.task_file=pyproject.toml", "data.size=null"), "data.size: a model that was not trained"),
        (("model.task_file=pyproject.toml",), "MediaPipe refuses it"),
        (("model.task_file=pyproject.toml", "against=/gone.ckpt"), "no such file: '/gone.ckpt'"),
    ],
)
def test_a_missing_file_or_package_is_named(
    call_cli: RunCli, skiers: Path, given: tuple[str, ...], message: str
) -> None:
    done = call_cli("evaluate", *OPTIONS, *given, f"data.root={skiers}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_training_it_is_a_usage_error(call_cli: RunCli, skiers: Path) -> None:
    done = call_cli("train", *OPTIONS, "model.task_file=pyproject.toml", f"data.root={skiers}")
    assert done.returncode == 2
    assert "has nothing to train; measure it with `raasid evaluate`" in done.stderr
