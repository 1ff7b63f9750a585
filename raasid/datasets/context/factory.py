"""Build the context model's datamodule from the `data` section, with the extra league that it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from raasid.datasets.context.datamodule import ContextDataModule, ExtraClips, TrackProvider
from raasid.datasets.data_config import DataConfig
from raasid.datasets.factory import open_footage
from raasid.datasets.source_configs import SyntheticDataConfig
from raasid.laws.facts import Facts
from raasid.synthetic.generate import labelled_clips
from raasid.synthetic.league import League

EXTRA_LEAGUE_SEED_OFFSET = 1000
"""Added to the footage's league seed, so that the extra league has none of its matches."""
_SCRIPTED: dict[str, Any] = {
    "clips_per_match": 8,
    "size": (640, 360),
    "scenario_share": 1.0,
    "handball_prior": 0.4,
    "scenario_frames": 20,
    "scenario_ball_px": 20.0,
}


def build_context_datamodule(
    config: DataConfig,
    paths: Any,
    seed: int,
    frames: int,
    players: int,
    provider: TrackProvider,
    set_label_counts: Callable[[Iterable[Facts]], None],
) -> ContextDataModule:
    """Make the datamodule of a `data` section; nothing is read yet.

    paths: the `paths` section. The others: as `ContextDataModule`.
    """
    tracks, folder = config.tracks, Path(paths.data)
    extra_clips = None
    limit, counts = tracks.limit_extra_clips, (tracks.extra_clips, tracks.calibration_clips)
    training, calibration = counts if limit is None else (min(limit, count) for count in counts)
    if training or calibration:
        extra_clips = partial(_label_extra_clips, extra_league(config), training, calibration, folder)
    footage = partial(open_footage, config, folder, paths.scratch)
    return ContextDataModule(
        footage, config, seed, frames, players, provider, extra_clips, set_label_counts, folder
    )


def extra_league(config: DataConfig) -> League:
    """Return a league of scripted touches with the settings of synthetic footage, but without its shifts."""
    if not isinstance(config, SyntheticDataConfig):
        return League(**_SCRIPTED, frames_per_clip=6, stride=1, seed=EXTRA_LEAGUE_SEED_OFFSET)
    changes: dict[str, Any] = {"shift": None, "shift_intensity": 0, "unseen_share": 0.0, "slow_motion": 1.0}
    if not config.scenario_share:
        changes |= _SCRIPTED
    league = config.to_league(config.size, config.league_seed + EXTRA_LEAGUE_SEED_OFFSET)
    return league.replace(**changes)


def _label_extra_clips(league: League, training: int, calibration: int, folder: Path) -> ExtraClips:
    """Label clips of a league without rendering them; no match is in both parts."""
    trained, held_back = (-(-clips // league.clips_per_match) for clips in (training, calibration))
    clips = labelled_clips(league.replace(matches=trained + held_back), folder)
    rest = clips[trained * league.clips_per_match :]
    return ExtraClips(clips[:training], rest[:calibration])
