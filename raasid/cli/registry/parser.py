"""What may be typed behind `raasid registry`. Nothing else is imported: `--help` is instant.

From words to the file that carries them out; only that one is imported.

The next command to type.

Every change has a reason.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from raasid.console.tables import say_beside
from raasid.errors import RaasidError, UsageError
from raasid.lazy import load_object

FOLDER = "registry"
SHOWN = 20
_REF = "a version, an alias, latest or previous"


def parser() -> argparse.ArgumentParser:
    """Every subcommand; `carry_out` of what is parsed is `module:function` of this package."""
    top = argparse.ArgumentParser(
        prog="raasid registry", description="Versions of models, and who uses them."
    )
    top.add_argument("--registry", type=Path, default=Path(FOLDER), metavar="FOLDER", help=_where())
    verbs = top.add_subparsers(metavar="VERB", required=True)

    ls = _verb(verbs, "ls", "list:ls", "list the versions, the newest first")
    ls.add_argument("name", nargs="?", metavar="NAME", help="only this model, such as ball_model")
    _limited(ls, "versions of each model")

    show = _verb(
        verbs,
        "show",
        "show:show",
        "say what a version is: metrics, data, lineage, config, files",
    )
    _named(show)
    show.add_argument("ref", nargs="?", metavar="REF", help=f"{_REF} (default: champion, else latest)")
    show.add_argument("--all", action="store_true", help="every metric that was measured later, too")

    log = _verb(verbs, "log", "log:log", "who changed what and why, the newest first")
    log.add_argument("name", nargs="?", metavar="NAME", help="only changes of this model")
    _limited(log, "changes", "all of them, also those not carried out, and what was told to W&B")

    diff = _verb(verbs, "diff", "compare:diff", "compare metrics, configuration, data and files")
    _named(diff)
    diff.add_argument("old", metavar="A", help=_REF)
    diff.add_argument("new", metavar="B", help=_REF)

    alias = _verb(verbs, "alias", "actions:alias", "let an alias point to a version, or to none")
    _named(alias)
    alias.add_argument("alias", metavar="ALIAS", help="champion, challenger, or a name of your own")
    alias.add_argument("ref", metavar="REF", help=f"{_REF}; none: take the alias away")
    alias.add_argument("--reason", required=True, metavar="TEXT", help="why; the log keeps it")
    alias.add_argument("--expect", metavar="VERSION", help="give up unless it points here now; none: nowhere")

    fsck = _verb(
        verbs,
        "fsck",
        "maintenance:check",
        "name every file that is damaged, missing or not ours",
    )
    fsck.add_argument(
        "--quick", action="store_true", help="do not read the weights, only see that they are there"
    )

    gc = _verb(
        verbs,
        "gc",
        "maintenance:clear",
        "free the files of old versions; only with --yes",
    )
    gc.add_argument("--yes", action="store_true", help="do it; without, only say what would go")
    gc.add_argument("--newest", type=_count, metavar="N", help="versions of each model to keep (default: 5)")
    gc.add_argument(
        "--window", type=_count, metavar="N", help="records back that a return may need (default: 10)"
    )
    gc.add_argument("--grace-days", type=_days, metavar="D", help="younger than this is kept (default: 7)")
    gc.add_argument("--reason", default="room", metavar="TEXT", help="why; the log keeps it (default: room)")

    _verb(
        verbs,
        "sync",
        "actions:sync",
        "send to Weights & Biases what was queued without a network",
    )

    export = _verb(verbs, "export", "actions:export", "write a version as one file")
    _named(export)
    export.add_argument("ref", metavar="REF", help=_REF)
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.tar", help="a new file")

    take = _verb(verbs, "import", "actions:take", "take a version out of such a file")
    take.add_argument("file", type=Path, metavar="FILE.tar")
    take.add_argument("--reason", default="imported", metavar="TEXT", help="why; the log keeps it")

    key = _verb(
        verbs,
        "key",
        "actions:make",
        "make a key to sign versions with, and print its public half",
    )
    key.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.pem", help="a new file")
    return top


def _verb(verbs: argparse._SubParsersAction, name: str, target: str, summary: str) -> argparse.ArgumentParser:  # type: ignore[type-arg]
    verb: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=f"{summary}.".capitalize()
    )
    verb.set_defaults(carry_out=target)
    # also behind the verb; without a default of its own, so that it does not undo the one before the verb
    verb.add_argument("--registry", type=Path, default=argparse.SUPPRESS, metavar="FOLDER", help=_where())
    return verb


def _named(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("name", metavar="NAME", help="a model, such as ball_model")


def _limited(verb: argparse.ArgumentParser, what: str, everything: str = "all of them") -> None:
    how_many = verb.add_mutually_exclusive_group()
    how_many.add_argument(
        "-n", type=_count, default=SHOWN, metavar="N", help=f"so many {what} (default: {SHOWN})"
    )
    how_many.add_argument("--all", action="store_true", help=everything)


def _where() -> str:
    return f"the registry (default: ./{FOLDER})"


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 1000000, got {text!r}")
    return number


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days <= 36_500:
        raise argparse.ArgumentTypeError(f"expected days from 0 to 36500, got {text!r}")
    return days


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
    from raasid.registry.registry import Registry

    try:
        load_object(f"raasid.cli.registry.{given.carry_out}")(given, Registry(given.registry))
    except BrokenPipeError:
        raise  # the reader has seen enough: no matter of the registry
    except OSError as error:
        raise RegistryUnreadable(given.registry, error) from error


def suggest(given: argparse.Namespace, why: str, *words: str | Path) -> None:
    """Say it on stderr, for the registry that was looked at."""
    where = [] if given.registry == Path(FOLDER) else ["--registry", given.registry]
    say_beside(f"{why}: {shlex.join(str(word) for word in ('raasid', 'registry', *words, *where))}")


class NoReason(UsageError):
    """A change that nobody will understand later."""

    def __init__(self) -> None:
        super().__init__("--reason: is empty; say why, the log keeps it")


def reason_of(given: argparse.Namespace) -> str:
    """What was given behind --reason. Raises NoReason."""
    reason = str(given.reason).strip()
    if not reason:
        raise NoReason
    return reason
