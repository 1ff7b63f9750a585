"""Numbers and paths with a meaning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import AfterValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

PLACES_MUST_EXIST = "places_must_exist"
"""Key of the validation context that has files and folders looked for: before a run, not when reading
back what an old one recorded."""

VERSION_OF_A_MODEL = r"[a-z][a-z0-9_]*@[A-Za-z0-9_.-]+"


def _file(path: Path, info: ValidationInfo) -> Path:
    return _there(path, path.is_file(), "file", info)


def _folder(path: Path, info: ValidationInfo) -> Path:
    return _there(path, path.is_dir(), "folder", info)


def _checkpoint(which: str, info: ValidationInfo) -> str:
    return _there(which, which in ("last", "best") or Path(which).is_file(), "file", info)


def _measured(which: str, info: ValidationInfo) -> str:
    return _there(which, bool(re.fullmatch(VERSION_OF_A_MODEL, which)) or Path(which).is_file(), "file", info)


Place = TypeVar("Place", Path, str)


def _there(place: Place, found: bool, kind: str, info: ValidationInfo) -> Place:
    if not found and info.context and info.context.get(PLACES_MUST_EXIST):
        raise PydanticCustomError("no_such_place", f"no such {kind}: '{place}'")
    return place


Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
Strength = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Le(1)]
Probability = Annotated[float, Gt(0), Lt(1)]
Edge = Annotated[int, Ge(8), MultipleOf(8)]
Size = tuple[Edge, Edge]
"""Width, height in pixels."""
Mode = Literal["max", "min"]
Checkpoint = Annotated[str, AfterValidator(_checkpoint)]
"""last, best, or a file."""
RegisteredVersion = Annotated[str, StringConstraints(pattern=f"^{VERSION_OF_A_MODEL}$")]
"""NAME@REF: a model of the registry, and a version or alias of it."""
MeasuredModel = Annotated[str, AfterValidator(_measured)]
"""NAME@REF, or the file of a checkpoint."""
File = Annotated[Path, AfterValidator(_file)]
Folder = Annotated[Path, AfterValidator(_folder)]
