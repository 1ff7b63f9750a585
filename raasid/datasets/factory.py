"""Read the footage that the `data` section names: a folder, a stored version, or the synthetic league."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from raasid.datasets.data_config import DataConfig, FilesDataConfig, LeagueConfig, RealDataConfig
from raasid.datasets.source_configs import StoreDataConfig, SyntheticDataConfig
from raasid.footage.formats import reader
from raasid.footage.records import Clip, Footage
from raasid.footage.scratch import stage
from raasid.footage.store import DatasetStore
from raasid.synthetic.generate import generate


def open_footage(config: DataConfig, folder: Path, scratch: Path | None = None) -> Footage:
    """Read the user's data root or a stored version, or render the league under `folder` on first use.

    scratch: folder on a local disk; a stored version is copied there and read from there.
    """
    if isinstance(config, SyntheticDataConfig):
        return _open_league(config, folder)
    if isinstance(config, StoreDataConfig):
        version = DatasetStore(config.root).find(config.dataset)
        return (version if scratch is None else stage(version, scratch)).footage(cache=folder)
    assert isinstance(config, FilesDataConfig)
    return reader(config.format)(config.root, **config.reader_options())


def _open_league(config: SyntheticDataConfig, folder: Path) -> Footage:
    """Assign the first matches to test, the next to val, the rest to train.

    A league with more matches therefore keeps its held-out ones.
    """
    clips = generate(config.to_league(config.size, config.league_seed), folder)
    held_out = config.test_matches + config.val_matches
    matches = list(dict.fromkeys(clip.match for clip in clips))
    split_of = dict.fromkeys(matches, "train")
    split_of |= dict.fromkeys(matches[:held_out], "val")
    split_of |= dict.fromkeys(matches[: config.test_matches], "test")
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for clip in clips:
        splits[split_of[clip.match]].append(clip.id)
    return Footage(clips, splits)


def auxiliary_league(config: DataConfig, folder: Path) -> Callable[[], list[Clip]] | None:
    """Return what renders the league to train on in addition to real footage; None where none is wanted."""
    if not isinstance(config, RealDataConfig) or config.league is None:
        return None
    return partial(_render_auxiliary, config, config.league, folder)


def _render_auxiliary(config: RealDataConfig, league: LeagueConfig, folder: Path) -> list[Clip]:
    assert config.size is not None
    return generate(league.to_league(config.size), folder)
