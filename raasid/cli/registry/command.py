"""The `raasid registry` command: its arguments, and the dispatch to the module of a subcommand.

Nothing else is imported before a subcommand runs, so that `--help` is instant.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from raasid.cli.arguments import count, days
from raasid.errors import RaasidError, UsageError
from raasid.lazy import load_object

_DEFAULT_FOLDER = "registry"
_DEFAULT_LIMIT = 20
_REF = "a version, an alias, latest or previous"
_FOLDER_HELP = f"the registry (default: ./{_DEFAULT_FOLDER})"


def main(words: Sequence[str]) -> None:
    """Run `raasid registry WORDS`. Raises RaasidError, and SystemExit 2 for wrong arguments."""
    args = build_parser().parse_args(words)
    from raasid.registry.registry import Registry

    try:
        load_object(f"raasid.cli.registry.{args.function}")(args, Registry(args.registry))
    except BrokenPipeError:
        raise  # the reader closed the pipe: not a failure of the registry
    except OSError as error:
        raise RegistryUnreadable(args.registry, error) from error


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; `function` of what it parses is `module:function` of this package."""
    parser = argparse.ArgumentParser(
        prog="raasid registry", description="Versions of models, and who uses them."
    )
    parser.add_argument(
        "--registry", type=Path, default=Path(_DEFAULT_FOLDER), metavar="FOLDER", help=_FOLDER_HELP
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    ls = _add_verb(verbs, "ls", "list:ls", "list the versions, the newest first")
    ls.add_argument("name", nargs="?", metavar="NAME", help="only this model, such as ball_model")
    _add_limit(ls, "versions of each model")

    summary = "say what a version is: metrics, data, lineage, config, files"
    show = _add_verb(verbs, "show", "show:show", summary)
    _add_name(show)
    show.add_argument("ref", nargs="?", metavar="REF", help=f"{_REF} (default: champion, else latest)")
    show.add_argument("--all", action="store_true", help="every metric that was measured later, too")

    log = _add_verb(verbs, "log", "log:log", "who changed what and why, the newest first")
    log.add_argument("name", nargs="?", metavar="NAME", help="only changes of this model")
    _add_limit(log, "changes", "all of them, also those not carried out, and what was sent to W&B")

    diff = _add_verb(verbs, "diff", "compare:diff", "compare metrics, configuration, data and files")
    _add_name(diff)
    diff.add_argument("old", metavar="A", help=_REF)
    diff.add_argument("new", metavar="B", help=_REF)

    alias = _add_verb(verbs, "alias", "actions:alias", "let an alias point to a version, or to none")
    _add_name(alias)
    alias.add_argument("alias", metavar="ALIAS", help="champion, challenger, or a name of your own")
    alias.add_argument("ref", metavar="REF", help=f"{_REF}; none: take the alias away")
    alias.add_argument("--reason", required=True, metavar="TEXT", help="why; the log keeps it")
    alias.add_argument("--expect", metavar="VERSION", help="give up unless it points here now; none: nowhere")

    fsck = _add_verb(
        verbs, "fsck", "maintenance:fsck", "name every file that is damaged, missing or not ours"
    )
    fsck.add_argument(
        "--quick", action="store_true", help="do not read the weights, only see that they are there"
    )

    gc = _add_verb(verbs, "gc", "maintenance:gc", "free the files of old versions; only with --yes")
    gc.add_argument("--yes", action="store_true", help="do it; without, only say what would go")
    gc.add_argument("--newest", type=count, metavar="N", help="versions of each model to keep (default: 5)")
    gc.add_argument(
        "--window", type=count, metavar="N", help="records back that a return may need (default: 10)"
    )
    gc.add_argument("--grace-days", type=days, metavar="D", help="younger than this is kept (default: 7)")
    gc.add_argument("--reason", default="room", metavar="TEXT", help="why; the log keeps it (default: room)")

    _add_verb(verbs, "sync", "actions:sync", "send to Weights & Biases what was queued without a network")

    export = _add_verb(verbs, "export", "actions:export_version", "write a version as one file")
    _add_name(export)
    export.add_argument("ref", metavar="REF", help=_REF)
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.tar", help="a new file")

    import_ = _add_verb(verbs, "import", "actions:import_version", "take a version out of such a file")
    import_.add_argument("file", type=Path, metavar="FILE.tar")
    import_.add_argument("--reason", default="imported", metavar="TEXT", help="why; the log keeps it")

    summary = "make a key to sign versions with, and print its public half"
    key = _add_verb(verbs, "key", "actions:create_key", summary)
    key.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.pem", help="a new file")
    return parser


def _add_verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, function: str, summary: str
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=summary, description=f"{summary}.".capitalize())
    verb.set_defaults(function=function)
    # accepted behind the verb, too; without a default, which would override the one before the verb
    verb.add_argument("--registry", type=Path, default=argparse.SUPPRESS, metavar="FOLDER", help=_FOLDER_HELP)
    return verb


def _add_name(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("name", metavar="NAME", help="a model, such as ball_model")


def _add_limit(verb: argparse.ArgumentParser, what: str, everything: str = "all of them") -> None:
    group = verb.add_mutually_exclusive_group()
    group.add_argument(
        "-n",
        type=count,
        default=_DEFAULT_LIMIT,
        metavar="N",
        help=f"so many {what} (default: {_DEFAULT_LIMIT})",
    )
    group.add_argument("--all", action="store_true", help=everything)


def reason_of(args: argparse.Namespace) -> str:
    """Return the reason of a change. Raises MissingReason."""
    reason = str(args.reason).strip()
    if not reason:
        raise MissingReason
    return reason


def print_next_command(args: argparse.Namespace, label: str, *words: str | Path) -> None:
    """Print on stderr the command to type next, for the same registry."""
    from raasid.console.tables import print_note

    folder = [] if args.registry == Path(_DEFAULT_FOLDER) else ["--registry", args.registry]
    print_note(f"{label}: {shlex.join(str(word) for word in ('raasid', 'registry', *words, *folder))}")


class RegistryUnreadable(RaasidError):
    """The filesystem refused to read the registry."""

    def __init__(self, root: Path, error: OSError) -> None:
        file = error.filename or root
        super().__init__(
            f"{file}: {error.strerror or error}; the registry {root} could not be read: "
            "see that the disk is there and that you may read it"
        )


class MissingReason(UsageError):
    """The reason of a change is empty."""

    def __init__(self) -> None:
        super().__init__("--reason: is empty; say why, the log keeps it")
