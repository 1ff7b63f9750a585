"""Labels of a league made by separate processes, as for an experiment on ground-truth tracks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from raasid.synthetic.generate import labelled_clips
from raasid.synthetic.league import League

LEAGUE = League(matches=4, clips_per_match=2, frames_per_clip=2, stride=1)
ASK = """
import sys
from pathlib import Path
from raasid.synthetic.generate import labelled_clips
from raasid.synthetic.league import League
labelled_clips(League(matches=4, clips_per_match=2, frames_per_clip=2, stride=1), Path(sys.argv[1]))
"""
KILL = """
import os, signal
from contextlib import contextmanager
from itertools import count
from raasid.console import terminal

@contextmanager
def progress(title, total):
    clips = count(1)
    # of two workers with two matches of two clips each, one has written a match when five clips are done
    yield lambda frames: os.killpg(0, signal.SIGKILL) if next(clips) == 5 else None

terminal.progress = progress
"""


def start_labelling(folder: Path, setup: str = "") -> subprocess.Popen[str]:
    """Start a process that labels the league, with its workers in a process group of their own."""
    return subprocess.Popen(
        [sys.executable, "-c", setup + ASK, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_draft_of_a_killed_labelling_is_removed_and_rendered_again(tmp_path: Path) -> None:
    killed = start_labelling(tmp_path, KILL)
    _, err = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, err
    (draft,) = tmp_path.glob(".labels-*.draft")
    assert any(draft.glob("match-*.json"))

    clips = labelled_clips(LEAGUE, tmp_path, workers=1)
    assert [folder.name for folder in tmp_path.iterdir()] == [f"labels-{LEAGUE.digest()[:12]}"]
    assert [clip.id for clip in clips] == [f"synthetic-0-{m}-{c}" for m in range(4) for c in range(2)]


SLOW = """
import time
from contextlib import contextmanager
from raasid.console import terminal

@contextmanager
def progress(title, total):
    yield lambda frames: time.sleep(20)

terminal.progress = progress
"""


def test_of_processes_that_need_a_league_at_once_one_makes_it_also_after_a_kill(tmp_path: Path) -> None:
    first = start_labelling(tmp_path, SLOW)
    while not list(tmp_path.glob(".labels-*.draft")):
        time.sleep(0.05)
    second, third = start_labelling(tmp_path), start_labelling(tmp_path)
    assert second.stderr is not None
    assert third.stderr is not None
    said = [second.stderr.readline(), third.stderr.readline()]
    assert all("another process" in line and "waits for it" in line for line in said), said
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    outputs = [process.communicate(timeout=40)[1] for process in (second, third)]  # a lease lives for 60 s
    assert [second.returncode, third.returncode] == [0, 0], outputs
    assert sum("labelling the synthetic league: 16 frames into" in err for err in outputs) == 1
    assert [folder.name for folder in tmp_path.iterdir()] == [f"labels-{LEAGUE.digest()[:12]}"]


def test_the_user_sees_two_lines_and_no_result_on_stdout(tmp_path: Path) -> None:
    asking = start_labelling(tmp_path)
    out, err = asking.communicate()
    assert asking.returncode == 0, err
    assert out == ""
    first, last = err.strip().splitlines()
    assert first.startswith("labelling the synthetic league: 16 frames into")
    assert "labelling the synthetic league" in last


def test_labels_need_no_network_library() -> None:
    loaded = "[name for name in ('torch', 'lightning') if name in sys.modules]"
    question = f"import sys, raasid.synthetic.generate as _; print({loaded})"
    assert subprocess.check_output([sys.executable, "-c", question], text=True).strip() == "[]"
