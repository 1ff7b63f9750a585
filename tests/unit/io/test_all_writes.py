"""Files are written in one place, so that nothing leaves a half-written file under its final name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "raasid"
DRAFTS = {"atomic_path", "temporary_path"}
"""Within a `with` statement of these, what is written is a draft."""
WRITING_METHODS = {"write_text", "write_bytes", "imwrite", "VideoWriter", "copyfile", "copy2", "copytree"}
WRITING_FUNCTIONS = {
    "shutil.copy",
    "shutil.move",
    "torch.save",
    "np.save",
    "np.savez",
    "json.dump",
    "yaml.dump",
}
ELSEWHERE = {
    "cluster/submission.py": "the code of a job is copied into a draft folder",
    "io/atomic.py": "the one place",
    "io/drafts.py": "creates the drafts",
    "io/lease.py": "a claim is a file that only one process can create; an empty one is no claim",
    "registry/filesystem.py": "the one place of the registry, whose every call is tested",
    "datasets/frame_cache.py": "a draft, written frame by frame",
    "review/annotated_video.py": "OpenCV writes into a draft folder; the video is then opened",
    "sweeps/journal_lock.py": "an empty file that carries a lock",
    "sweeps/study_journal.py": "whole records are appended under a lock",
    "sweeps/worker.py": "takes up what a trial prints, as it comes",
    "training/checkpointing.py": "a sharded checkpoint is copied into a draft folder",
}
"""Where else files are written, and why."""


def direct_writes(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that create or change a file that is no draft."""
    for node in ast.iter_child_nodes(tree):
        opened = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
        if any(isinstance(call, ast.Call) and ast.unparse(call.func) in DRAFTS for call in opened):
            continue
        if isinstance(node, ast.Call) and is_write(node):
            yield node
        yield from direct_writes(node)


def is_write(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    method = called.rpartition(".")[2]
    if called == "os.open":
        return not {"O_RDONLY", "devnull"} & set(re.findall(r"\w+", ast.unparse(call)))
    if method == "open":
        return any(is_writing_mode(each) for each in (*call.args, *(key.value for key in call.keywords)))
    return method in WRITING_METHODS or called in WRITING_FUNCTIONS


def is_writing_mode(argument: ast.expr) -> bool:
    mode = argument.value if isinstance(argument, ast.Constant) else None
    return isinstance(mode, str) and bool(set(mode) & set("wxa+")) and set(mode) <= set("rwxabt+")


def test_every_file_is_written_as_a_draft_first() -> None:
    found = {
        str(module.relative_to(PACKAGE)): [f"line {call.lineno}: {ast.unparse(call)}" for call in calls]
        for module in PACKAGE.rglob("*.py")
        if (calls := list(direct_writes(ast.parse(module.read_text()))))
    }
    assert {name: calls for name, calls in found.items() if name not in ELSEWHERE} == {}
    assert found.keys() == ELSEWHERE.keys(), "an exception that is none any more"
