"""From the `data` group to the context model's datamodule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from raasid.datasets.context.augmentation import Vary
from raasid.datasets.context.datamodule import ContextData, Dealing, Further, Upstream
from raasid.datasets.factory import open_footage
from raasid.laws.facts import Facts
from raasid.synthetic.generate import labelled_clips
from raasid.synthetic.league import League

ANOTHER_LEAGUE = 1000
"""What a league beside the footage adds to its seed: none of its matches is one of the footage's."""
_SCRIPTED: dict[str, Any] = {
    "clips_per_match": 8,
    "size": (640, 360),
    "scenario_share": 1.0,
    "handball_prior": 0.4,
    "scenario_frames": 20,
    "scenario_ball_px": 20.0,
}


def context_data(
    section: Any,
    paths: Any,
    seed: int,
    frames: int,
    players: int,
    upstream: Upstream,
    acquaint: Callable[[Iterable[Facts]], None],
) -> ContextData:
    """Make the datamodule that the `data` section describes; nothing is read yet.

    section: one of the data sections. paths: the paths section. frames, players: of the model's windows.
    """
    tracks, folder = section.tracks, Path(paths.data)
    vary = Vary(flip=section.augment.flip, zoom=section.augment.zoom, shift=tracks.shift)
    dealing = Dealing(
        frames=frames,
        players=players,
        edition=tracks.edition,
        source=tracks.source,
        errors=tracks.errors,
        errors_from=tracks.errors_from,
        batch_size=section.batch_size,
        eval_batch_size=section.eval_batch_size,
        windows_per_epoch=section.samples_per_epoch,
        num_workers=section.num_workers,
        holdout=section.holdout,
        vary=vary,
    )
    further = None
    if tracks.further or tracks.calibration:
        further = partial(_further, league_beside(section), tracks.further, tracks.calibration, folder)
    return ContextData(partial(open_footage, section, folder), dealing, seed, upstream, further, acquaint)


def league_beside(section: Any) -> League:
    """Scripted touches as the footage's league shows them, under usual conditions; else as the presets do."""
    given = dict(_SCRIPTED)
    if section.format == "synthetic":
        own = section.model_dump()
        given = {field.name: own[field.name] for field in fields(League) if field.name in own}
        given |= {"shift": None, "shift_intensity": 0, "unseen_share": 0.0, "slow_motion": 1.0}
        if not given["scenario_share"]:
            given |= _SCRIPTED
    return League(**{**given, "seed": getattr(section, "league_seed", 0) + ANOTHER_LEAGUE})


def _further(league: League, training: int, calibration: int, folder: Path) -> Further:
    """So many clips of a league; no match is in both parts."""
    trained, held_back = (-(-clips // league.clips_per_match) for clips in (training, calibration))
    clips = labelled_clips(replace(league, matches=trained + held_back), folder)
    rest = clips[trained * league.clips_per_match :]
    return Further(clips[:training], rest[:calibration])
