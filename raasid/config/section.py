"""What every part of a configuration is: fields with types and ranges, and nothing else.

Which section describes a part of the tree: the choice by `_target_`, `kind` or `format`.

Numbers and paths with a meaning.

A class that the user brings along.

Group `paths`: where things lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

KNOWN_TARGETS: set[str] = set()
"""Classes whose arguments have a schema of their own."""

FOREIGN = "<foreign>"
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


@dataclass(frozen=True)
class TagBy:
    """Names the branch of a union by the value of one key; None when the key is not there.

    Tags stand in angle brackets, so that they can be told from keys in an error's location.
    """

    key: str

    def of(self, value: Any) -> str | None:
        """Return the tag that a raw mapping, or a section already made, asks for."""
        if isinstance(value, Mapping):
            chosen = value.get(self.key)
        else:
            chosen = getattr(value, self.key.strip("_"), None)
        return None if chosen is None else self.tag(str(chosen))

    def tag(self, chosen: str) -> str:
        """Return the tag of a value."""
        return f"<{chosen}>"


class TagByTarget(TagBy):
    """As `TagBy`, with a branch for classes that are not ours.

    A class of ours that does not exist gets a tag that no branch has.
    """

    def tag(self, chosen: str) -> str:
        """Return the class's own tag, or the one for foreign classes."""
        ours = chosen in KNOWN_TARGETS or chosen.startswith("raasid.")
        return f"<{chosen}>" if ours or not _DOTTED.fullmatch(chosen) else FOREIGN


BY_TARGET = TagByTarget("_target_")


class Section(BaseModel):
    """A part of the configuration tree; a key that it does not name is an error.

    Values are converted where nothing is lost (`1e3` to 1000, a list to a tuple), but true is never 1.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        protected_namespaces=(),
    )

    not_built: ClassVar[frozenset[str]] = frozenset()
    """Fields that concern the run and are no argument of the class that `_target_` names."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Yield (field, message) for what is wrong between fields that are each right."""
        yield from ()

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name is not None:
            annotation = str(cls.model_fields[info.field_name].annotation)
            if "bool" not in annotation and ("int" in annotation or "float" in annotation):
                raise PydanticCustomError("bool_as_number", "a number is needed")
        return value

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the class known under the `_target_` that it describes."""
        super().__pydantic_init_subclass__(**kwargs)
        target = cls.model_fields.get("target")
        if target is not None and isinstance(target.default, str):
            KNOWN_TARGETS.add(target.default)


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


class ForeignSection(Section):
    """Any class on the Python path, by its dotted name; its other keys are its own business."""

    model_config = ConfigDict(extra="allow")

    target: str = Field(alias="_target_")

    @field_validator("target")
    @classmethod
    def _has_a_module(cls, target: str, info: ValidationInfo) -> str:
        """Look for the outermost package, without importing it."""
        package = target.partition(".")[0]
        if info.context and info.context.get(PLACES_MUST_EXIST) and find_spec(package) is None:
            raise PydanticCustomError(
                "no_such_place", f"'{target}': no module named '{package}' is installed"
            )
        return target


class PathsConfig(Section):
    """Folders; relative ones are relative to where the command is typed."""

    root: Path = Path()
    data: Path = Path("data")
    """Generated and cached footage."""
    store: Path = Path("store")
    """Dataset versions."""
    registry: Path = Path("registry")
    """Model versions."""
    logs: Path = Path("logs")
    """A directory for each run: logs/<verb>/<date>_<time>_<hash>."""
