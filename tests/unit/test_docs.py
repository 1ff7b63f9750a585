"""The documents are correct: commands compose, links resolve, tables are complete."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple

import pytest
from hydra._internal.utils import get_args_parser

from raasid.cli.verbs import COMMANDS, VERBS
from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.preflight import preflight
from raasid.config.section import PathsConfig
from raasid.errors import Exit
from raasid.evaluation.ball.metrics import ball_metrics
from raasid.tasks import TASKS, Task

REPO = Path(__file__).resolve().parents[2]
README = REPO / "README.md"
CONFIGURATION = REPO / "docs/configuration.md"
MODELS = REPO / "docs/models.md"
PAGES = [README, REPO / "CHANGELOG.md", *sorted((REPO / "docs").rglob("*.md"))]
DECISIONS = sorted((REPO / "docs/decisions").glob("*.md"))
PLACEHOLDERS = [
    "path/to/frames/data.yaml",
    "path/to/best.ckpt",
    "RUN/checkpoints/best.ckpt",
    "path/to/video.mp4",
    "path/to/pose_landmarker.task",
]
FENCE = re.compile(r"^```(\w*) *([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block and its location."""

    where: str
    language: str
    flags: str
    text: str


def blocks(*languages: str) -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text()
        for fence in FENCE.finditer(text):
            line = text.count("\n", 0, fence.start()) + 1
            if fence[1] in languages:
                yield Block(f"{page.relative_to(REPO)}:{line}", fence[1], fence[2], fence[3])


def commands(*programs: str) -> list[tuple[str, list[str]]]:
    """Return (where, words) of each shell line that starts with one of `programs`, which may be two words."""
    found = {}
    for block in blocks("bash", "shell"):
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words and words[0].startswith(".venv/bin/"):
                words[0] = words[0].removeprefix(".venv/bin/")
            if any(words[: len(p.split())] == p.split() for p in programs):
                found[" ".join(words)] = (block.where, words)
    return list(found.values())


def verbs() -> list[tuple[str, list[str]]]:
    """Return (where, [verb, argument …]) of each of our commands, in either of its forms."""
    scripts = [(where, [words[1].removesuffix(".py"), *words[2:]]) for where, words in commands("python")]
    scripts = [(where, words) for where, words in scripts if words[0] in VERBS]
    return scripts + [(where, words[1:]) for where, words in commands("raasid") if words[1] not in COMMANDS]


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.where)
def test_python_in_the_documents_compiles_and_runs_where_it_says_so(block: Block) -> None:
    ast.parse(block.text, block.where)
    if block.flags == "run":
        done = subprocess.run([sys.executable, "-c", block.text], cwd=REPO, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if shown := shown_output(block.text):
            assert done.stdout.split() == shown.split()


def shown_output(code: str) -> str:
    """Return the comments at the end of a block: what it prints, in lines of any length."""
    lines = code.rstrip().splitlines()
    comments = list(takewhile(lambda line: line.startswith("# "), reversed(lines)))
    return "\n".join(line[2:] for line in reversed(comments))


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.where)
def test_python_in_the_documents_imports_what_exists(block: Block) -> None:
    imports = [node for node in ast.walk(ast.parse(block.text)) if isinstance(node, ast.ImportFrom)]
    ours = [
        (node.module, each.name) for node in imports for each in node.names if "raasid" in str(node.module)
    ]
    for module, name in ours:
        assert resolve_name(f"{module}:{name}"), block.where


def test_the_documents_show_our_commands() -> None:
    assert {words[0] for _, words in verbs()} >= {"train", "evaluate"}


@pytest.fixture
def placeholder_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to a folder in which the documents' placeholder paths exist."""
    for path in PLACEHOLDERS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("placeholder_files")
@pytest.mark.parametrize(("where", "words"), verbs(), ids=lambda x: " ".join(x) if isinstance(x, list) else x)
def test_every_command_shown_would_run(where: str, words: list[str]) -> None:
    verb, *arguments = words
    parsed = get_args_parser().parse_args(arguments)
    schema = resolve_name(VERBS[verb].schema)
    with ConfigComposer(conf_dir(), verb) as composer:
        cleared = preflight(schema, composer, parsed.overrides, parsed.multirun)
    assert isinstance(cleared.config, schema), where


def plain_commands() -> list[tuple[str, list[str]]]:
    """Return (where, [command, argument …]) of each of our commands that has options instead of a config."""
    return [(where, words[1:]) for where, words in commands("raasid") if words[1] in COMMANDS]


def test_the_documents_show_every_plain_command() -> None:
    assert {words[0] for _, words in plain_commands()} == set(COMMANDS)


@pytest.mark.parametrize(
    ("where", "words"), plain_commands(), ids=lambda x: " ".join(x) if isinstance(x, list) else x
)
def test_every_plain_command_shown_is_accepted(where: str, words: list[str]) -> None:
    name, *arguments = words
    module = COMMANDS[name][0].partition(":")[0]
    assert resolve_name(f"{module}:build_parser")().parse_args(arguments), where


def test_the_error_shown_in_the_readme_is_the_real_one(tmp_path: Path) -> None:
    (block,) = (block for block in blocks("console") if "error:" in block.text)
    first, *expected, next_command, status = block.text.splitlines()
    command = shlex.split(first.removeprefix("$ python "))
    done = subprocess.run(
        [sys.executable, *command, f"paths.root={tmp_path}"], cwd=REPO, capture_output=True, text=True
    )
    assert done.stderr.splitlines() == expected
    assert (next_command, str(done.returncode)) == ("$ echo $?", status)


@pytest.mark.parametrize(("where", "words"), commands("make"), ids=lambda x: x if isinstance(x, str) else "")
def test_every_make_target_named_exists(where: str, words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (REPO / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in words[1:] if "=" not in word} <= targets, where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_every_link_has_an_existing_target(page: Path) -> None:
    targets = [target.partition("#")[0] for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [path for path in targets if path and not (page.parent / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_every_file_named_in_the_documents_exists(page: Path) -> None:
    named = re.findall(r"`((?:raasid|conf|tests|docs|benchmarks|slurm)/[\w./-]*)`", page.read_text())
    assert [name for name in named if not (REPO / name).exists() and not name.startswith("conf/local")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_no_figure_is_left_to_fill_in(page: Path) -> None:
    assert re.findall(r"FIGURE:\w*", page.read_text()) == []


def table_after(heading: str, page: Path) -> list[list[str]]:
    """Return the cells of the first table of a page below `heading`, without its head."""
    text = page.read_text().partition(f"# {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_configuration_page_lists_every_preset_of_every_group() -> None:
    listed = {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2]))
        for row in table_after("Config groups", CONFIGURATION)
    }
    groups = [folder for folder in (REPO / "conf").iterdir() if folder.is_dir() and folder.name != "local"]
    assert listed == {group.name: {preset.stem for preset in group.glob("[!_]*.yaml")} for group in groups}


def test_the_configuration_page_lists_every_verb_and_every_folder() -> None:
    assert [row[0].strip("`") for row in table_after("Verbs", CONFIGURATION)] == list(VERBS)
    folders = [row[0].strip("`").removeprefix("paths.") for row in table_after("Folders", CONFIGURATION)]
    assert sorted(folders) == sorted(PathsConfig.model_fields)


def test_the_configuration_page_lists_every_exit_code() -> None:
    assert [int(row[0]) for row in table_after("Exit codes", CONFIGURATION)] == sorted(Exit)


def test_the_models_page_defines_every_ball_metric_that_a_run_prints() -> None:
    defined = {name for row in table_after("Ball metrics", MODELS) for name in re.findall(r"`(\w+)`", row[0])}
    assert defined == set(ball_metrics([]))


@pytest.mark.parametrize(
    ("heading", "task"), [("Pose metrics", TASKS["pose"]), ("Context metrics", TASKS["context"])]
)
def test_the_models_page_defines_every_metric_as_the_report_does(heading: str, task: Task) -> None:
    table = table_after(heading, MODELS)
    assert {row[0].strip("`"): row[1].lower() for row in table} == {
        name: meaning.lower() for name, meaning in task.meanings.items()
    }


def test_the_architecture_lists_the_packages_in_the_order_of_the_import_contract() -> None:
    page = (REPO / "docs/architecture.md").read_text()
    rooms = re.findall(r"^\| `raasid/(\w+)(?:\.py|/)` \|", page, re.MULTILINE)
    contracts = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert rooms == [layer.removeprefix("raasid.") for layer in reversed(layers)]


def test_decisions_are_short_numbered_and_state_when_to_reconsider() -> None:
    sections = ["## Context", "## Choice", "## Consequences", "## What would change our mind"]
    for number, page in enumerate(DECISIONS, start=1):
        text = page.read_text()
        assert page.name.startswith(f"{number:04d}-"), page.name
        assert text.startswith(f"# {number}. "), page.name
        assert [line for line in text.splitlines() if line.startswith("## ")] == sections, page.name
        assert len(text.splitlines()) <= 40, page.name
