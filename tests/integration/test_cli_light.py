"""Showing the configuration is instant: it imports Hydra, reads YAML files, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from played_season import PlayedSeason

from raasid.registry.registry import Registry

HEAVY = [
    "torch",
    "lightning",
    "wandb",
    "cv2",
    "ultralytics",
    "mediapipe",
    "scipy",
    "numpy",
    "pydantic",
    "rich",
]

PROBE = f"""
import atexit, sys
loaded = lambda: sys.stderr.write("LOADED " + " ".join(m for m in {HEAVY} if m in sys.modules))
atexit.register(loaded)
sys.argv = sys.argv[1:]
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"))
"""


def run_script(repo: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        cwd=repo,
        env={**os.environ, "PYTHONPATH": str(repo), **env},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("train.py", "--cfg", "job", "model.channels=8"), "channels: 8"),
        (("train.py", "--cfg", "job", "--resolve"), "logs: ./logs"),
        (("evaluate.py", "--cfg", "job"), "ckpt_path: null"),
        (("train.py", "--help"), "model: ball_heatmap, ball_yolo"),
        (("train.py", "--hydra-help"), "--multirun"),
        (("train.py", "--info", "defaults-tree"), "ball_heatmap"),
        (("train.py", "-sc", "install=bash"), "complete -o nospace"),
        (("raasid/__main__.py",), "usage: raasid VERB"),
        (("raasid/__main__.py", "registry", "--help"), "Versions of models"),
        (("raasid/__main__.py", "registry", "gc", "--help"), "--grace-days"),
        (("raasid/__main__.py", "train", "--cfg=job"), "channels: 16"),
        (("raasid/__main__.py", "check", "--json", "--cfg", "job"), "print_json: true"),
        (("raasid/__main__.py", "relabel", "law=ifab_2021_22", "--cfg", "job"), "edition: ifab_2021_22"),
    ],
)
def test_showing_the_configuration_imports_nothing_heavy(
    repo: Path, words: tuple[str, ...], shown: str
) -> None:
    done = run_script(repo, *words)

    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert done.stderr.endswith("LOADED ")


@pytest.mark.parametrize("words", [("ls",), ("log",), ("fsck",), ("gc",), ("sync",), ("show", "ball_model")])
def test_reading_the_registry_imports_no_model_and_no_mirror(
    repo: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    Registry(tmp_path).register("ball_model", {"card.json": b"{}"}, lineage={"run": "a test"})

    done = run_script(repo, "raasid/__main__.py", "registry", "--registry", str(tmp_path), *words)

    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("LOADED pydantic rich")


@pytest.mark.parametrize(
    "words", [("log",), ("log", "--json"), ("retry", "ball_model", "--reason", "a test")]
)
def test_reading_the_timeline_imports_no_model(repo: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    PlayedSeason(tmp_path)

    done = run_script(repo, "raasid/__main__.py", *words, "--root", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("LOADED pydantic rich")


@pytest.mark.parametrize(
    ("program", "line", "offered"),
    [
        ("train.py", "python train.py model=ball", {"model=ball_heatmap", "model=ball_yolo"}),
        ("train.py", "python train.py opti", {"optimizer=", "optimized_metric=", "optimizer."}),
        ("train.py", "python train.py data.aug", {"data.augment."}),
        ("raasid/__main__.py", "raasid tr", {"train"}),
        ("raasid/__main__.py", "raasid train trainer=d", {"trainer=ddp", "trainer=ddp_nodes"}),
        ("raasid/__main__.py", "raasid evaluate spl", {"split="}),
    ],
)
def test_tab_completes_groups_options_and_keys(
    repo: Path, program: str, line: str, offered: set[str]
) -> None:
    done = run_script(repo, program, "-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == offered
    assert done.stderr.endswith("LOADED ")


def test_an_invalid_configuration_is_reported_with_every_problem(repo: Path) -> None:
    done = run_script(repo, "train.py", "seed=x", "optimzer.lr=1", "--cfg", "job")

    assert done.returncode == 2
    assert "did you mean 'optimizer.lr'?" in done.stderr
    assert "expected an integer ≥ 0, got 'x'" in done.stderr
