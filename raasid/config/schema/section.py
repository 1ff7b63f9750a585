"""What every part of a configuration is: fields with types and ranges, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from raasid.config.schema.target import KNOWN_TARGETS


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
