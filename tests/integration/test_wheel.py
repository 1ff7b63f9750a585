"""The wheel is complete: it works from any folder, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the locked hatchling; nothing is downloaded and the checkout stays clean."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(build, cwd=repo, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("raasid-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a folder; its dependencies are those of this environment."""
    target = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*install, "--target", str(target), str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def run(installed: Path, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run([sys.executable, *command], cwd=cwd, env=env, capture_output=True, text=True)


def test_the_wheel_holds_the_package_and_every_preset_and_nothing_else(wheel: Path, repo: Path) -> None:
    packages = ("raasid", "hydra_plugins")
    sources = {
        path.relative_to(repo) for name in packages for path in (repo / name).rglob("*") if path.is_file()
    }
    presets = {"raasid" / path.relative_to(repo) for path in (repo / "conf").rglob("*.yaml")}
    expected = {path.as_posix() for path in sources | presets if "__pycache__" not in path.parts}
    expected = {name for name in expected if not name.startswith("raasid/conf/local/")}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert "raasid/conf/train.yaml" in names
    assert names == expected


def test_the_wheel_carries_its_licence_and_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        (licence,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        assert "raasid = raasid.cli:main" in archive.read(entry_points).decode()
        assert "GNU AFFERO GENERAL PUBLIC LICENSE" in archive.read(licence).decode()


def test_the_installed_package_is_the_one_that_runs(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "-c", "import raasid; print(raasid.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(installed), where.stdout + where.stderr


def test_a_verb_composes_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    shown = run(installed, tmp_path, "-m", "raasid", "train", "--cfg", "job", "seed=7")
    assert shown.returncode == 0, shown.stderr
    assert "seed: 7" in shown.stdout.splitlines()
    assert list(tmp_path.iterdir()) == []


def test_the_console_script_refuses_a_bad_config_outside_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    refused = run(installed, tmp_path, str(installed / "bin/raasid"), "train", "sead=7")
    assert refused.returncode == 2, refused.stderr
    assert "did you mean 'seed'?" in refused.stderr
    assert list(tmp_path.iterdir()) == []
