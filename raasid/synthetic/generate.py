"""A league on disk: rendered once, by several processes, then read.

A folder that several processes fill with the matches of a league.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from raasid.console import terminal
from raasid.errors import RaasidError
from raasid.footage import coco_format
from raasid.footage.records import Clip
from raasid.io.atomic import make_staging_folder, remove_abandoned
from raasid.synthetic.league import League
from raasid.synthetic.render_matches import label_matches, part_name, render_matches
from raasid.synthetic.scenarios import num_frames

Work = Callable[[League, Path, list[int]], Iterator[int]]
"""A function of `render_matches`: writes what it makes of some matches, and gives the frames of each clip."""


class RenderingFailed(RaasidError):
    """A worker process ended before its matches were rendered."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(
            f"rendering the synthetic league: a worker ended with status {status}; it said: {said}"
        )


def build_folder(
    league: League,
    final: Path,
    workers: int,
    work: Work,
    title: str,
    finish: Callable[[League, Path], None] | None = None,
) -> None:
    """Fill `final` with what `work` makes of a league, whole or not at all; title: what the user is told.

    finish: what is done to the folder before anybody sees it.
    Of two processes that make it at once one wins, and the other takes what the winner has made.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(final.parent, final.name)
    clips_asked = [(m, c) for m in range(league.matches) for c in range(league.clips_per_match)]
    frames = sum(num_frames(league, match, clip) for match, clip in clips_asked)
    if not terminal.err().is_terminal:
        terminal.err().print(f"{title}: {frames} frames into {final}", markup=False)
    draft = make_staging_folder(final.parent, final.name)
    try:
        with terminal.progress(title, frames) as advance:
            _run(league, draft, max(1, min(workers, league.matches)), work, advance)
        if finish is not None:
            finish(league, draft)
        try:
            draft.rename(final)
        except OSError:
            # somebody else was first; theirs are the same bytes
            if not final.exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_matches(league: League, folder: Path) -> Iterator[Clip]:
    """The clips of a league whose matches have a file each. Raises AnnotationsUnreadable."""
    for match in range(league.matches):
        yield from coco_format.read(folder, part_name(match))


def join_matches(league: League, folder: Path) -> None:
    """Make one file of the files of the matches. Raises AnnotationsUnreadable."""
    coco_format.write(list(read_matches(league, folder)), folder)
    for match in range(league.matches):
        (folder / part_name(match)).unlink()


def _run(league: League, draft: Path, workers: int, work: Work, advance: Callable[[int], None]) -> None:
    if workers == 1:
        for frames in work(league, draft, list(range(league.matches))):
            advance(frames)
        return
    lock = threading.Lock()

    def report(frames: int) -> None:
        with lock:
            advance(frames)

    shares = [list(range(league.matches))[k::workers] for k in range(workers)]
    running: list[subprocess.Popen[str]] = []
    try:
        with ThreadPoolExecutor(workers) as pool:
            waiting = [pool.submit(_share, league, draft, share, work, report, running) for share in shares]
            try:
                for done in waiting:
                    done.result()
            except BaseException:
                _stop(running)
                raise
    finally:
        _stop(running)


def _stop(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        if process.poll() is None:
            process.kill()


def _share(
    league: League,
    draft: Path,
    share: list[int],
    work: Work,
    report: Callable[[int], None],
    running: list[subprocess.Popen[str]],
) -> None:
    """One worker: a fresh interpreter, so that no lock, thread or `__main__` of ours comes along."""
    order = json.dumps(
        {
            "league": league.model_dump(mode="json"),
            "folder": str(draft),
            "matches": share,
            "work": work.__name__,
        }
    )
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "raasid.synthetic.render_matches", order],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
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
            said.seek(0)
            raise RenderingFailed(status, said.read()[-400:].strip() or "nothing")


def generate(league: League, folder: Path, workers: int = 2) -> list[Clip]:
    """Clips of a league under `folder / synthetic-<digest>`; rendered only where they are not there yet.

    The folder appears whole or not at all; of two processes that render at once one wins, and the other
    takes the winner's images. The bytes do not depend on `workers`.

    Raises
    ------
    AnnotationsUnreadable
        The folder is there, but its annotations are not: delete it to render again.
    RenderingFailed
        A worker process died; nothing is left behind.
    """
    folder = folder.absolute()
    final = folder / f"synthetic-{league.digest()[:12]}"
    if not final.exists():
        build_folder(league, final, workers, render_matches, "rendering the synthetic league", join_matches)
    return coco_format.read(final)


def labelled_clips(league: League, folder: Path, workers: int = 2) -> list[Clip]:
    """The clips of `generate`, whose images are not there; kept under `folder / labels-<digest>`, a file
    a match: joining thousands of matches would add a quarter to the time.

    People and balls are drawn as outlines, and what hides what is read off these, so that boxes, keypoints,
    visibility, tags and facts are those of the images. One thing is left out: eyes, nose and mouth may
    reach beyond their head by a pixel, and hide a joint of somebody behind it. Of the 7,680 frames of
    `data=synthetic_handball` 7,671 have the same labels to the last digit; in the others 7 of 633,930 joints
    count as visible instead of hidden or the reverse, and 2 of 37,290 boxes are a pixel smaller.

    Raises
    ------
    AnnotationsUnreadable
        The folder is there, but its annotations are not: delete it to make them again.
    RenderingFailed
        A worker process died; nothing is left behind.
    """
    folder = folder.absolute()
    final = folder / f"labels-{league.digest()[:12]}"
    if not final.exists():
        build_folder(league, final, workers, label_matches, "labelling the synthetic league")
    return list(read_matches(league, final))
