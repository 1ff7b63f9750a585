"""From words to the file that carries them out; only that one is imported."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from raasid.errors import RaasidError
from raasid.pipeline.registry_command.words import parser


class RegistryUnreadable(RaasidError):
    """The filesystem refused to show a file."""

    def __init__(self, root: Path, error: OSError) -> None:
        named = error.filename or root
        super().__init__(
            f"{named}: {error.strerror or error}; the registry {root} could not be read: "
            "see that the disk is there and that you may read it"
        )


def main(words: Sequence[str]) -> None:
    """Carry out `raasid registry WORDS`.

    Raises RaasidError, and SystemExit 2 for words that make no sense.
    """
    given = parser().parse_args(words)
    module, _, function = given.carry_out.partition(":")
    from raasid.registry.registry import Registry

    try:
        getattr(import_module(f"raasid.pipeline.registry_command.{module}"), function)(
            given, Registry(given.registry)
        )
    except BrokenPipeError:
        raise  # the reader has seen enough: no matter of the registry
    except OSError as error:
        raise RegistryUnreadable(given.registry, error) from error
