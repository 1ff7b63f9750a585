"""A league on disk: rendered or labelled once by several processes, then read.

Its `manifest.json` records size and SHA-256 of every file; a folder that does not match is made anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from raasid.console import terminal
from raasid.errors import RaasidError
from raasid.footage import coco_format
from raasid.footage.records import Clip
from raasid.io.atomic import StagedFolder, write_atomic
from raasid.io.disk_full import naming_full_disk
from raasid.io.drafts import remove_abandoned
from raasid.io.file_digests import CACHE_NAME, FileDigests, FileUnreadable, find_damage, sha256_of
from raasid.io.lease import LeaseOwner, making_alone
from raasid.synthetic.league import League
from raasid.synthetic.render_matches import label_matches, match_file, render_matches
from raasid.synthetic.scenarios.registry import num_frames

MANIFEST = "manifest.json"
Files = Mapping[str, Mapping[str, Any]]
"""Name of a file -> its `bytes` and `sha256`."""
MatchWriter = Callable[[League, Path, list[int]], Iterator[int]]
"""A function of `render_matches`: writes some matches into a folder, and yields the frames of each clip."""


class RenderingFailed(RaasidError):
    """A worker process ended before its matches were rendered."""

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(
            f"rendering the synthetic league: a worker ended with status {status}; its last output: {stderr}"
        )


def generate(league: League, folder: Path, workers: int = 2) -> list[Clip]:
    """Return the clips of a league under `folder / synthetic-<digest>`, which is rendered if it is missing or
    damaged.

    The folder appears complete or not at all; of processes that need it at once, one renders it and the
    others wait. The bytes do not depend on `workers`.
    Raises RenderingFailed where a worker process died; nothing is left behind.
    """
    folder, name = folder.absolute(), coco_format.FILE_NAME
    final = folder / f"synthetic-{league.digest()[:12]}"
    title = "rendering the synthetic league"
    files = _make_once(
        final, [name], lambda: build_folder(league, final, workers, render_matches, title, _join_matches)
    )
    return coco_format.read(final, sha256=files[name]["sha256"])


def labelled_clips(league: League, folder: Path, workers: int = 2) -> list[Clip]:
    """Return the clips of `generate` without rendering images, from files under `folder / labels-<digest>`.

    Each match has a file: joining thousands of matches would take a quarter longer. Boxes, keypoints,
    visibility, tags and facts are those of the rendered images, because people and balls are rasterized as
    silhouettes. There is one exception: eyes, nose and mouth may reach beyond their head by a pixel and
    occlude a joint of a person behind. Of the 7,680 frames of `data=synthetic_handball` 7,671 have identical
    labels; in the others 7 of 633,930 joints are visible instead of hidden or the reverse, and 2 of 37,290
    boxes are a pixel smaller. Raises RenderingFailed as `generate` does.
    """
    folder = folder.absolute()
    final = folder / f"labels-{league.digest()[:12]}"
    names, title = [match_file(match) for match in range(league.matches)], "labelling the synthetic league"
    files = _make_once(final, names, lambda: build_folder(league, final, workers, label_matches, title))
    return list(_read_matches(league, final, files))


def _make_once(final: Path, required: Collection[str], build: Callable[[], Files]) -> Files:
    """Return what the manifest of a folder records; `build` it if it is missing or damaged.

    required: names that the manifest must have. While another process builds it, this one waits.
    """
    files = _intact_files(final, required)
    if files is not None:
        return files

    def tell(owner: LeaseOwner) -> None:
        who = f"another process, on {owner.host}, makes it since {owner.since}"
        terminal.err().print(f"{final}: {who}; this one waits for it", markup=False)

    with naming_full_disk(final.parent, final.name), making_alone(final, tell):
        files = _intact_files(final, required)  # what another process has made meanwhile
        return build() if files is None else files


def build_folder(
    league: League,
    final: Path,
    workers: int,
    write: MatchWriter,
    title: str,
    finish: Callable[[League, Path], None] | None = None,
) -> Files:
    """Fill a staged folder with the matches of a league, publish it as `final`, return its manifest's files.

    title: shown to the user. finish: applied to the folder before it is published.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(final.parent)
    clips = [(match, clip) for match in range(league.matches) for clip in range(league.clips_per_match)]
    total = sum(num_frames(league, match, clip) for match, clip in clips)
    if not terminal.err().is_terminal:
        terminal.err().print(f"{title}: {total} frames into {final}", markup=False)
    with StagedFolder(final.parent, final.name) as staged:
        with terminal.progress(title, total) as update:
            _write_matches(league, staged.path, max(1, min(workers, league.matches)), write, update)
        if finish is not None:
            finish(league, staged.path)
        files: dict[str, dict[str, Any]] = {}
        for path in sorted(path for path in staged.path.rglob("*") if path.is_file()):
            name = path.relative_to(staged.path).as_posix()
            files[name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        write_atomic(staged.path / MANIFEST, json.dumps({"format": 1, "files": files}, indent=1))
        if final.exists() and _intact_files(final, files) is None:
            terminal.err().print(f"{final}: damaged, and replaced", markup=False)
            with StagedFolder(final.parent, "damaged") as aside, suppress(FileNotFoundError):
                final.rename(aside.path / final.name)
        staged.publish(final)  # or another process has published its own
    return _files(final)


def _intact_files(folder: Path, required: Collection[str]) -> Files | None:
    """Return what the manifest of a league records; None if the folder is missing or does not match it.

    required: names that the manifest must have.
    """
    try:
        files = _files(folder)
        if not files.keys() >= set(required):
            return None
        digests = FileDigests(folder.parent / CACHE_NAME)
        return None if find_damage(folder, files, digests, f"verifying {folder.name}") else files
    except (OSError, ValueError, KeyError, TypeError, AttributeError, FileUnreadable):
        return None


def _files(folder: Path) -> Files:
    files: Files = json.loads((folder / MANIFEST).read_bytes())["files"]
    return files


def _read_matches(league: League, folder: Path, files: Files | None = None) -> Iterator[Clip]:
    """Yield the clips of a league whose matches have a file each. Raises AnnotationsUnreadable."""
    for name in map(match_file, range(league.matches)):
        yield from coco_format.read(folder, name, sha256=files[name]["sha256"] if files else None)


def _join_matches(league: League, folder: Path) -> None:
    """Join the files of the matches into one. Raises AnnotationsUnreadable."""
    coco_format.write(list(_read_matches(league, folder)), folder)
    for match in range(league.matches):
        (folder / match_file(match)).unlink()


def _write_matches(
    league: League, folder: Path, workers: int, write: MatchWriter, update: Callable[[int], None]
) -> None:
    """Write all matches, in this process or in several worker processes; update: receives frame counts."""
    if workers == 1:
        for frames in write(league, folder, list(range(league.matches))):
            update(frames)
        return
    lock = threading.Lock()

    def report(frames: int) -> None:
        with lock:
            update(frames)

    shares = [list(range(league.matches))[k::workers] for k in range(workers)]
    running: list[subprocess.Popen[str]] = []
    try:
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(_run_worker, league, folder, s, write, report, running) for s in shares]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                _kill(running)
                raise
    finally:
        _kill(running)


def _kill(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        if process.poll() is None:
            process.kill()


def _run_worker(
    league: League,
    folder: Path,
    matches: list[int],
    write: MatchWriter,
    report: Callable[[int], None],
    running: list[subprocess.Popen[str]],
) -> None:
    """Run one worker in a fresh interpreter, which inherits no locks, threads or `__main__`."""
    order = json.dumps(
        {
            "league": league.model_dump(mode="json"),
            "folder": str(folder),
            "matches": matches,
            "write": write.__name__,
        }
    )
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "raasid.synthetic.render_matches", order],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )
        running.append(process)
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                report(int(line))
        status = process.wait()
        if status != 0:
            stderr.seek(0)
            raise RenderingFailed(status, stderr.read()[-400:].strip() or "none")
