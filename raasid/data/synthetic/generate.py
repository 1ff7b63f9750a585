"""A league on disk: rendered once, by several processes, then read."""

from __future__ import annotations

from pathlib import Path

from raasid.data import coco_video
from raasid.data.records import Clip
from raasid.data.synthetic.league import League
from raasid.data.synthetic.league_folder import join_matches, make_folder
from raasid.data.synthetic.render_matches import render_matches


def generate(league: League, folder: Path, workers: int = 2) -> list[Clip]:
    """Clips of a league under `folder / synthetic-<digest>`; rendered only where they are not there yet.

    The folder appears whole or not at all; of two processes that render at once one wins, and the other
    takes the winner's pictures. The bytes do not depend on `workers`.

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
        make_folder(league, final, workers, render_matches, "rendering the synthetic league", join_matches)
    return coco_video.read(final)
