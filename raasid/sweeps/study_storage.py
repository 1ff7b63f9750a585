"""Where a study is stored, and opening it there: a journal file by default, any database by its URL.

null                          DIR/study.journal, in the sweep's directory
path/name.journal             a journal file there; safe on a shared disk, without a server
sqlite:///FILE, postgresql:…  a database, by SQLAlchemy's URL
{_target_: …}                 a storage of your own
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import Study

from raasid.errors import UsageError
from raasid.sweeps.search_space import SearchSpace, differences
from raasid.sweeps.study_journal import open_journal

JOURNAL = "study.journal"
JOURNAL_SUFFIX = ".journal"
_SPACE = "raasid:space"
Direction = Literal["minimize", "maximize"]


class StorageUnusable(UsageError):
    """A storage that cannot be opened."""

    def __init__(self, storage: str, reason: str) -> None:
        super().__init__(
            f"hydra.sweeper.storage: {storage}: {reason}; null stores the study in the sweep's directory, "
            f"and a path that ends in {JOURNAL_SUFFIX} in a journal there"
        )


class OtherSearchSpace(UsageError):
    """A study with trials of another search space."""

    def __init__(self, study: str, lines: Sequence[str]) -> None:
        listed = "\n".join(f"  {line}" for line in lines)
        super().__init__(
            f"study {study} searches another space:\n{listed}\n"
            "give the new search a name of its own, hydra.sweeper.study_name=NAME"
        )


def open_storage(storage: str | Mapping[str, Any] | None, sweep_dir: Path) -> BaseStorage:
    """Open or create the storage of a study. Raises StorageUnusable, RaasidError."""
    if isinstance(storage, Mapping):
        from hydra.utils import instantiate

        built: BaseStorage = instantiate(storage)
        return built
    if storage is None or storage.endswith(JOURNAL_SUFFIX):
        return open_journal(sweep_dir / JOURNAL if storage is None else Path(storage))
    if "://" not in storage:
        raise StorageUnusable(storage, "is neither a URL nor a journal")
    engine = {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else None
    try:
        return RDBStorage(storage, engine_kwargs=engine)
    except Exception as error:  # SQLAlchemy, its drivers and Optuna raise kinds of their own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StorageUnusable(storage, reason) from error


def open_study(
    storage: BaseStorage,
    name: str,
    directions: Sequence[Direction],
    space: SearchSpace,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
) -> Study:
    """Create a study, or go on with it.

    directions: minimize or maximize, of each value. Raises OtherSearchSpace, and UsageError for other
    directions: Optuna itself accepts some other spaces, and would mix trials that cannot be compared.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # the sweeper tells what happens
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            study = optuna.create_study(
                storage=storage, study_name=name, directions=list(directions), sampler=sampler, pruner=pruner
            )
        except DuplicatedStudyError:
            study = optuna.load_study(study_name=name, storage=storage, sampler=sampler, pruner=pruner)
    found = [direction.name.lower() for direction in study.directions]
    if found != list(directions):
        raise UsageError(
            f"study {name} has the directions {found}, and the sweep {list(directions)}; "
            "give the new search a name of its own, hydra.sweeper.study_name=NAME"
        )
    earlier, wanted = study.user_attrs.get(_SPACE), space.signature()
    if earlier is None:
        study.set_user_attr(_SPACE, wanted)
    elif earlier != wanted:
        raise OtherSearchSpace(name, list(differences(earlier, wanted)))
    return study
