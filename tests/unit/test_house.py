"""Structure of the repository: imports run one way, files stay small, the lock matches pyproject."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from importlinter.cli import lint_imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).resolve().parents[2]
SOURCES = sorted((REPO / "raasid").rglob("*.py"))
LONGEST_FILE = 350
NOBODYS_NAMES = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py", "manager.py", "base.py"}
ENTRY_MODULES = ["raasid", "raasid.cli", "raasid.config", "raasid.errors", "raasid.console"]
HEAVY = {
    *("torch", "torchvision", "lightning", "ultralytics", "mediapipe", "cv2", "wandb", "optuna"),
    *("matplotlib", "scipy", "numpy", "pandas", "polars"),
}


def test_imports_run_one_way_through_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    loggers = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    silent = {each for each in loggers if each.disabled}
    status = lint_imports(config_filename=str(REPO / "pyproject.toml"), no_cache=True)
    for each in loggers:  # the linter configures logging and disables all other loggers
        each.disabled = each in silent
    assert status == 0, capsys.readouterr().out


def test_every_package_is_in_the_import_contract() -> None:
    contracts = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    packages = {
        path.stem for path in (REPO / "raasid").iterdir() if path.suffix == ".py" or any(path.glob("*.py"))
    }
    assert packages - {"__init__", "__main__"} == {layer.removeprefix("raasid.") for layer in layers}


@pytest.mark.parametrize("module", ENTRY_MODULES)
def test_entry_modules_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True)
    assert (loaded.returncode, loaded.stdout.split()) == (0, []), loaded.stderr


def test_no_source_file_is_longer_than_the_limit() -> None:
    lengths = {str(path.relative_to(REPO)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_source_file_has_a_meaningless_name() -> None:
    assert [str(path.relative_to(REPO)) for path in SOURCES if path.name in NOBODYS_NAMES] == []


def test_every_python_file_has_a_docstring() -> None:
    entry_points = sorted(REPO.glob("*.py"))
    benchmarks = sorted((REPO / "benchmarks").rglob("*.py"))
    silent = [
        str(path.relative_to(REPO))
        for path in [*SOURCES, *entry_points, *benchmarks]
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_every_preset_opens_with_the_command_that_uses_it() -> None:
    presets = sorted((REPO / "conf").rglob("*.yaml"))
    heads = {path: list(takewhile(lambda line: line.startswith("#"), path.open())) for path in presets}
    command = re.compile(r"\b(\w+\.py|raasid \w+)\b")
    assert heads, "conf/ holds no preset"
    assert [str(path.relative_to(REPO)) for path in heads if not command.search("".join(heads[path]))] == []


def test_unit_tests_mirror_the_package() -> None:
    root = REPO / "tests/unit"
    folders = {path.parent.relative_to(root) for path in root.rglob("test_*.py")}
    assert [str(folder) for folder in sorted(folders) if not (REPO / "raasid" / folder).is_dir()] == []


def locked() -> dict[str, Requirement]:
    """Pins of requirements.lock by canonical name; a name may be pinned once per Python or platform."""
    lines = (REPO / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def asked_for() -> Iterator[Requirement]:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())
    yield from map(Requirement, project["build-system"]["requires"])
    yield from map(Requirement, project["project"]["dependencies"])
    yield from map(Requirement, project["project"]["optional-dependencies"]["dev"])


@pytest.mark.parametrize("wanted", asked_for(), ids=lambda wanted: wanted.name)
def test_the_lock_pins_the_requirements_of_pyproject(wanted: Requirement) -> None:
    pin = locked().get(canonicalize_name(wanted.name))
    assert pin is not None, f"{wanted} is not in requirements.lock; run make lock"
    version = str(pin.specifier).removeprefix("==")
    assert wanted.specifier.contains(version, prereleases=True), f"{pin} is locked; run make lock"


def test_the_lock_pins_exactly_and_names_no_address() -> None:
    text = (REPO / "requirements.lock").read_text()
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links|@ ", text)
    assert [str(pin) for pin in locked().values() if not re.fullmatch(r"==[^,*]+", str(pin.specifier))] == []


def test_the_two_opencv_wheels_have_one_version() -> None:
    """Both own `cv2/`; at two versions the folder is a mixture and the one installed last wins."""
    pins = locked()
    assert pins["opencv-python"].specifier == pins["opencv-contrib-python"].specifier


def test_make_help_names_every_target() -> None:
    makefile = (REPO / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    phony = re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert targets == set(phony[1].split())
    assert targets - set(re.findall(r'@echo "make ([a-z-]+)', makefile)) <= {"help", "venv"}
