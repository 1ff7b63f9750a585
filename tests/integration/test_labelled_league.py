"""Labels of a league in processes of their own, as an experiment on ground-truth tracks asks for them."""

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


def asked(folder: Path) -> subprocess.Popen[str]:
    """Somebody who wants the labels, with his workers in a process group of their own."""
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_killed_labelling_is_swept_away_and_done_again(tmp_path: Path) -> None:
    killed = asked(tmp_path)
    until = time.monotonic() + 120
    while not any(tmp_path.glob(".labels-*/match-*.json")):
        assert killed.poll() is None, killed.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.002)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    (draft,) = tmp_path.iterdir()
    assert draft.name.startswith(".labels-")

    clips = labelled_clips(LEAGUE, tmp_path, workers=1)
    assert [folder.name for folder in tmp_path.iterdir()] == [f"labels-{LEAGUE.digest()[:12]}"]
    assert [clip.id for clip in clips] == [f"synthetic-0-{m}-{c}" for m in range(4) for c in range(2)]


def test_the_user_sees_two_lines_and_no_result_on_stdout(tmp_path: Path) -> None:
    asking = asked(tmp_path)
    out, err = asking.communicate(timeout=240)
    assert asking.returncode == 0, err
    assert out == ""
    first, last = err.strip().splitlines()
    assert first.startswith("labelling the synthetic league: 16 frames into")
    assert "labelling the synthetic league" in last


def test_labels_need_no_network_library() -> None:
    loaded = "[name for name in ('torch', 'lightning') if name in sys.modules]"
    question = f"import sys, raasid.synthetic.generate as _; print({loaded})"
    assert subprocess.check_output([sys.executable, "-c", question], text=True).strip() == "[]"
