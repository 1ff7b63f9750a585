"""Where a study is stored, and opening it there: a journal file by default, any database by its URL.

null                          DIR/study.journal, in the sweep's directory
path/name.journal             a journal file there; safe on a shared disk, without a server
sqlite:///FILE, postgresql:…  a database, by SQLAlchemy's URL
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, StorageInternalError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import Study
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from raasid.errors import RaasidError, UsageError
from raasid.sweeps.search_space import SearchSpace, differences
from raasid.sweeps.study_journal import open_journal

_TABLE_ATTEMPTS = 3
JOURNAL = "study.journal"
JOURNAL_SUFFIX = ".journal"
_SPACE = "raasid:space"
_CONDITIONS = "raasid:conditions"
Direction = Literal["minimize", "maximize"]


class StorageUnusable(UsageError):
    """A storage that cannot be opened."""

    def __init__(self, storage: str, reason: str) -> None:
        super().__init__(
            f"hydra.sweeper.storage: {storage}: {reason}; null stores the study in the sweep's directory, "
            f"and a path that ends in {JOURNAL_SUFFIX} in a journal there"
        )


class StorageLost(RaasidError):
    """A storage that failed while the sweep ran."""

    def __init__(self, storage: str, reason: str) -> None:
        super().__init__(
            f"hydra.sweeper.storage: {storage}: {reason}; once it can be used again, type the same command, "
            "and the sweep goes on with what is stored"
        )


class SweepDirUnusable(UsageError):
    """A sweep's directory that cannot be written."""

    def __init__(self, sweep_dir: Path, error: OSError) -> None:
        super().__init__(
            f"hydra.sweep.dir: {sweep_dir}: {_describe(error, sweep_dir)}; give a folder that can be written"
        )


class OtherSearchSpace(UsageError):
    """A study with trials of another search space."""

    def __init__(self, study: str, lines: Sequence[str]) -> None:
        listed = "\n".join(f"  {line}" for line in lines)
        super().__init__(
            f"study {study} searches another space:\n{listed}\n"
            "give the new search a name of its own, hydra.sweeper.study_name=NAME"
        )


def open_storage(storage: str | None, sweep_dir: Path) -> BaseStorage:
    """Open or create the storage of a study. Raises StorageUnusable, RaasidError."""
    if storage is None or storage.endswith(JOURNAL_SUFFIX):
        path = sweep_dir / JOURNAL if storage is None else Path(storage)
        try:
            return open_journal(path)
        except OSError as error:
            if storage is None:
                raise SweepDirUnusable(sweep_dir, error) from error
            raise StorageUnusable(storage, _describe(error, path)) from error
    url = _read_url(storage)
    if url.get_backend_name() == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise StorageUnusable(storage, "is in the memory of one process, and workers are several")
        folder = Path(str(url.database)).absolute().parent
        if not folder.is_dir():
            raise StorageUnusable(storage, f"there is no folder {folder}")
    engine = {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else None
    try:
        return _create_tables(storage, engine)
    except Exception as error:  # SQLAlchemy, its drivers and Optuna raise kinds of their own
        if isinstance(error.__cause__, ModuleNotFoundError):
            reason = f"needs the package {error.__cause__.name}, which is not installed"
        else:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StorageUnusable(describe_storage(storage), reason) from error


def _create_tables(storage: str, engine: dict[str, Any] | None) -> RDBStorage:
    """Open a database. Of processes that create its tables at once, the slower ones fail, and try again."""
    for _ in range(_TABLE_ATTEMPTS):
        with suppress(OperationalError, ProgrammingError, IntegrityError):
            return RDBStorage(storage, engine_kwargs=engine)
        time.sleep(0.2)
    return RDBStorage(storage, engine_kwargs=engine)


@contextmanager
def naming_lost_storage(storage: str) -> Iterator[None]:
    """Raise StorageLost where a database, or the file of a journal, fails. storage: as `describe_storage`."""
    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        raise StorageLost(storage, str(error.__cause__ or error).splitlines()[0]) from error
    except OSError as error:
        path = Path(storage).absolute()
        if error.filename is None or Path(os.fsdecode(error.filename)).absolute() != path:
            raise
        raise StorageLost(storage, (error.strerror or str(error)).lower()) from error


def describe_storage(storage: str) -> str:
    """Return a storage as it may be shown: a URL without its password."""
    if "://" not in storage:
        return storage
    return _read_url(storage).render_as_string(hide_password=True)


def _describe(error: OSError, path: Path) -> str:
    """Return what the operating system said about a path, with the file if it was another one."""
    reason = (error.strerror or str(error)).lower()
    return reason if error.filename in (None, str(path)) else f"{reason}: {error.filename}"


def _read_url(storage: str) -> URL:
    try:
        return make_url(storage)
    except ArgumentError as error:
        raise StorageUnusable(storage, "is neither a URL nor a journal") from error


def open_study(
    storage: BaseStorage,
    name: str,
    directions: Sequence[Direction],
    space: SearchSpace,
    conditions: Mapping[str, str] | None = None,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
) -> Study:
    """Create a study, or go on with it.

    directions: minimize or maximize, of each value. conditions: what else makes trials comparable, as texts.
    Raises OtherSearchSpace, also for other conditions, and UsageError for other directions: Optuna itself
    accepts some other spaces, and would mix trials that cannot be compared.
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
    _check_conditions(study, dict(conditions or {}), new=earlier is None)
    return study


def _check_conditions(study: Study, conditions: dict[str, str], new: bool) -> None:
    earlier = study.user_attrs.get(_CONDITIONS, {})
    if new and conditions:
        study.set_user_attr(_CONDITIONS, conditions)
    elif earlier != conditions:
        changed = [key for key in sorted({*earlier, *conditions}) if earlier.get(key) != conditions.get(key)]
        lines = [f"{key}: {earlier.get(key, 'none')} -> {conditions.get(key, 'none')}" for key in changed]
        raise OtherSearchSpace(study.study_name, lines)
