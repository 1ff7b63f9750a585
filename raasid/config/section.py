"""What configuration schemas are written in: the base class of sections, tagged unions and field types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib.util import find_spec
from operator import or_
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from raasid.escaping import is_utf_8, printable


class Section(BaseModel):
    """A part of the configuration tree; a key that it does not declare is an error.

    Values are converted where nothing is lost (`1e3` to 1000, a list to a tuple), but true is never 1.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        protected_namespaces=(),
    )

    without_effect: ClassVar[frozenset[str]] = frozenset({"paths", "ckpt_path", "tags"})
    """Of the configuration of a verb: dotted keys that do not change what a run computes, `*` for one part.

    Where a run is stored, where it continues and what it is called.
    """

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Yield (field, message) for each conflict between fields that are valid one by one."""
        yield from ()

    @field_validator("*", mode="before")
    @classmethod
    def _reject_bool_as_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name is not None:
            annotation = str(cls.model_fields[info.field_name].annotation)
            if "bool" not in annotation and ("int" in annotation or "float" in annotation):
                raise PydanticCustomError("bool_as_number", "a number is needed")
        return value


KNOWN_TARGETS: set[str] = set()
"""Classes whose arguments have a schema of their own."""


class ClassSection(Section):
    """Describes an object to build: `_target_` is its class, the other keys are its arguments.

    A subclass names the class: `class AdamConfig(ClassSection, target="torch.optim.Adam")`.
    """

    target: str = Field(alias="_target_")

    not_built: ClassVar[frozenset[str]] = frozenset()
    """Fields that concern the run and are no argument of the class."""

    def __init_subclass__(cls, target: str | None = None, **kwargs: Any) -> None:
        """Fix `_target_` to the class that a subclass describes."""
        super().__init_subclass__(**kwargs)
        if target is not None:
            cls.__annotations__["target"] = Literal[target]
            cls.target = Field(target, alias="_target_")
            KNOWN_TARGETS.add(target)


@dataclass(frozen=True)
class TaggedBy:
    """Marks a union whose branch is chosen by the value of one key: `Annotated[A | B, TaggedBy("kind")]`.

    Each branch declares its value as the default of that field. Tags are written in angle brackets, which
    distinguishes them from keys in the location of an error.
    """

    key: str

    def tag_of_value(self, value: Any) -> str | None:
        """Return the tag that a raw mapping or a section asks for; None where the key is missing."""
        raw = isinstance(value, Mapping)
        chosen = value.get(self.key) if raw else getattr(value, self._field, None)
        return None if chosen is None else self._tag(str(chosen))

    def tag_of_branch(self, branch: type[Section]) -> str:
        """Return the tag of one member of the union."""
        return f"<{branch.model_fields[self._field].default}>"

    @property
    def _field(self) -> str:
        return self.key.strip("_")

    def _tag(self, chosen: str) -> str:
        return f"<{chosen}>"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Build pydantic's tagged union from the plain union that this marks."""
        branches = (Annotated[branch, Tag(self.tag_of_branch(branch))] for branch in get_args(source))
        union = reduce(or_, branches)
        return handler.generate_schema(Annotated[union, Discriminator(self.tag_of_value)])


CUSTOM = "<custom>"
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


class TaggedByTarget(TaggedBy):
    """As `TaggedBy("_target_")`, with a branch for classes of the user's own.

    A class of this package that does not exist gets a tag that no branch has.
    """

    def tag_of_branch(self, branch: type[Section]) -> str:
        """Return the tag of one member of the union."""
        return CUSTOM if issubclass(branch, CustomClassConfig) else super().tag_of_branch(branch)

    def _tag(self, chosen: str) -> str:
        ours = chosen in KNOWN_TARGETS or chosen.startswith("raasid.")
        return f"<{chosen}>" if ours or not _DOTTED.fullmatch(chosen) else CUSTOM


BY_TARGET = TaggedByTarget("_target_")


class CustomClassConfig(ClassSection):
    """Any class on the Python path, by its dotted name; its other keys are passed to it unchecked."""

    model_config = ConfigDict(extra="allow")

    @field_validator("target")
    @classmethod
    def _require_package(cls, target: str, info: ValidationInfo) -> str:
        """Check that the outermost package is installed, without importing it."""
        package = target.partition(".")[0]
        if info.context and info.context.get(PATHS_MUST_EXIST) and find_spec(package) is None:
            raise PydanticCustomError("no_such_path", f"'{target}': no module named '{package}' is installed")
        return target


PATHS_MUST_EXIST = "paths_must_exist"
"""Key of the validation context: whether files and folders are required to exist, as before a run, but not
when the configuration of an old run is read back."""

VERSION_REF = r"[a-z][a-z0-9_]*@[A-Za-z0-9_.-]+"

PathOrText = TypeVar("PathOrText", Path, str)


def _require_file(path: Path, info: ValidationInfo) -> Path:
    return _require(path, path.is_file(), "file", info)


def _require_folder(path: Path, info: ValidationInfo) -> Path:
    return _require(path, path.is_dir(), "folder", info)


def _require_checkpoint(which: str, info: ValidationInfo) -> str:
    return _require(which, which in ("last", "best") or Path(which).is_file(), "file", info)


def _require_model(which: str, info: ValidationInfo) -> str:
    return _require(which, bool(re.fullmatch(VERSION_REF, which)) or Path(which).is_file(), "file", info)


def _require(path: PathOrText, exists: bool, kind: str, info: ValidationInfo) -> PathOrText:
    if not exists and info.context and info.context.get(PATHS_MUST_EXIST):
        raise PydanticCustomError("no_such_path", f"no such {kind}: '{path}'")
    return path


Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Le(1)]
Probability = Annotated[float, Gt(0), Lt(1)]
Edge = Annotated[int, Ge(8), MultipleOf(8)]
Size = tuple[Edge, Edge]
"""Width, height in pixels."""
Mode = Literal["max", "min"]
File = Annotated[Path, AfterValidator(_require_file)]
Folder = Annotated[Path, AfterValidator(_require_folder)]
Checkpoint = Annotated[str, AfterValidator(_require_checkpoint)]
"""last, best, or a file."""
RegisteredVersion = Annotated[str, StringConstraints(pattern=f"^{VERSION_REF}$")]
"""NAME@REF: a model of the registry, and a version or alias of it."""
CheckpointOrVersion = Annotated[str, AfterValidator(_require_model)]
"""NAME@REF, or the file of a checkpoint."""


class PathsConfig(Section):
    """Group `paths`: folders; relative ones are relative to the current directory."""

    root: Path = Path()
    data: Path = Path("data")
    """Generated and cached footage."""
    store: Path = Path("store")
    """Dataset versions."""
    registry: Path = Path("registry")
    """Model versions."""
    logs: Path = Path("logs")
    """A directory for each run: logs/<verb>/<date>_<time>_<hash>."""
    decisions: Path = Path("decisions")
    """Decision records of the triggers."""
    retrainings: Path = Path("retrainings")
    """A folder for each retraining, and the claims on decisions."""
    scratch: Path | None = None
    """On a disk of the machine itself: dataset versions are copied there once, and read from there."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Yield folders whose names are not UTF-8: torch, ONNX and W&B cannot write there."""
        for name in type(self).model_fields:
            folder = getattr(self, name)
            if folder is not None and not is_utf_8(path := folder.absolute()):
                yield name, f"must be UTF-8, but is {printable(path)}; rename the folder, or name another"
