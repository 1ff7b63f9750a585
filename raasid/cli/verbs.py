"""Dispatches `raasid <verb> key=value …`, and `python train.py …` for the verbs with a script.

Nothing heavy is imported here. Queries (`--help`, `--cfg`, completion) are answered by Hydra alone; a run is
first validated as a whole, then given a directory, and only then are its modules imported.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from typing import NamedTuple, NoReturn

from raasid.console.terminal import accept_all_characters, print_error
from raasid.errors import Exit, RaasidError
from raasid.lazy import load_object


class Verb(NamedTuple):
    """The function that a verb runs, the schema of its config, and a one-line summary."""

    function: str
    schema: str
    summary: str
    find_start: str | None = None
    """Of a verb that resumes runs: the function that finds where one starts."""
    finish_best: str | None = None
    """Of a verb whose sweeps have a best trial: the function that ends its run."""
    prints_json: bool = False
    """Whether `--json` stands for `print_json=true`."""


VERBS = {
    "train": Verb(
        "raasid.pipeline.train:train",
        "raasid.pipeline.verb_configs:TrainConfig",
        "train, test and report one model",
        "raasid.pipeline.resume:find_start",
        "raasid.pipeline.sweep_registration:finish_best_trial",
    ),
    "sweep": Verb(
        "raasid.pipeline.train:train",
        "raasid.pipeline.verb_configs:TrainConfig",
        "search hyperparameters: train many times, and keep the best",
        "raasid.pipeline.resume:find_start",
        "raasid.pipeline.sweep_registration:finish_best_trial",
    ),
    "evaluate": Verb(
        "raasid.pipeline.evaluate:evaluate",
        "raasid.pipeline.verb_configs:EvaluateConfig",
        "measure a checkpoint on held-out footage",
    ),
    "export": Verb(
        "raasid.pipeline.export:export",
        "raasid.pipeline.verb_configs:ExportConfig",
        "write a trained model as ONNX",
    ),
    "check": Verb(
        "raasid.pipeline.check:check",
        "raasid.pipeline.verb_configs:CheckConfig",
        "ask the triggers whether a model has to be retrained",
        prints_json=True,
    ),
    "retrain": Verb(
        "raasid.pipeline.retrain:retrain",
        "raasid.pipeline.verb_configs:RetrainConfig",
        "retrain the models that need it, and let the gate compare",
        prints_json=True,
    ),
    "validate": Verb(
        "raasid.pipeline.validate:validate",
        "raasid.pipeline.verb_configs:ValidateConfig",
        "find what is wrong with footage",
    ),
    "collect": Verb(
        "raasid.pipeline.collect:collect",
        "raasid.pipeline.verb_configs:CollectConfig",
        "cut new footage into clips, pre-annotate and store it",
    ),
    "import": Verb(
        "raasid.pipeline.import_dataset:import_dataset",
        "raasid.pipeline.verb_configs:ImportConfig",
        "keep footage of any format as a dataset version",
    ),
    "relabel": Verb(
        "raasid.pipeline.relabel:relabel_footage",
        "raasid.pipeline.verb_configs:RelabelConfig",
        "rule on clips anew, from their facts, by another season's Laws",
    ),
    "review": Verb(
        "raasid.pipeline.review:review",
        "raasid.pipeline.verb_configs:ReviewConfig",
        "judge footage: decision, annotated video and page for each clip",
    ),
}
"""A verb is an entry here and a file conf/<verb>.yaml."""

COMMANDS = {
    "data": ("raasid.cli.data:main", "list, show, compare, join and export dataset versions"),
    "registry": (
        "raasid.cli.registry.command:main",
        "versions of models: list, compare, put in service, check, tidy, carry away",
    ),
    "submit": ("raasid.cli.submit:main", "run a verb as a Slurm job, with the code of this moment"),
    "jobs": ("raasid.cli.jobs:main", "what runs on the cluster: states, logs, cancelling"),
    "schedule": ("raasid.cli.schedule:main", "when models are retrained; lines for crontab and scrontab"),
    "log": ("raasid.cli.log:main", "what happened and why: registry, decisions, retrainings"),
    "retry": ("raasid.cli.retry:main", "retrain a model again that waits because it did not help"),
}
"""Subcommands with options instead of a config: function and one-line summary."""

_QUERY_OPTIONS = (
    "-h",
    "--help",
    "--hydra-help",
    "--version",
    "-c",
    "--cfg",
    "-i",
    "--info",
    "-sc",
    "--shell-completion",
)


def main() -> None:
    """Run the console script; the first argument is the verb."""
    accept_all_characters()
    words = sys.argv[1:]
    first = words[0] if words else "--help"
    if first in ("-sc", "--shell-completion"):
        from raasid.config.completion import verb_to_complete

        app(verb_to_complete(VERBS))
    elif first in ("-h", "--help"):
        print(_usage())
    elif first == "--version":
        from raasid import __version__

        print(f"raasid {__version__}")
    elif first in COMMANDS:
        run_command(first, words[1:])
    elif first in VERBS:
        json = {"--json": "print_json=true"} if VERBS[first].prints_json else {}
        sys.argv = [sys.argv[0], *(json.get(word, word) for word in words[1:])]
        app(first, typed=[first])
    else:
        from difflib import get_close_matches

        near = get_close_matches(first, [*VERBS, *COMMANDS], 1)
        guess = f"; did you mean '{near[0]}'?" if near else ""
        fail(f"no such verb: '{first}'{guess}\n\n{_usage()}", Exit.USAGE)


def app(verb: str, typed: list[str] | None = None) -> None:
    """Run one verb with the overrides in `sys.argv`. Raises SystemExit with the verb's status.

    typed: the words between the program and the overrides, for processes that start this command again.
    """
    accept_all_characters()
    with _interruptible():
        if any(word.partition("=")[0] in _QUERY_OPTIONS for word in sys.argv[1:]):
            gc.disable()  # a short process that only allocates: collecting would take a tenth of its time
            show_config(verb)
        else:
            from raasid.config.launch import launch

            launch(verb, VERBS[verb], typed or [])


def run_command(name: str, words: list[str]) -> None:
    """Run a plain subcommand; a RaasidError becomes a message without a traceback."""
    from pathlib import Path

    from raasid.io.disk_full import naming_full_disk

    try:
        with _interruptible(), naming_full_disk(Path.cwd()):
            load_object(COMMANDS[name][0])(words)
    except RaasidError as error:
        fail(str(error), error.exit)
    except BrokenPipeError:  # the reader, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _interruptible() -> Iterator[None]:
    """End the process with a line and its status after Ctrl-C, also while modules are imported.

    After the block Ctrl-C is ignored: the work is done, and the interpreter is only taken down.
    """
    try:
        yield
    except KeyboardInterrupt:
        print_error("interrupted")
        sys.exit(Exit.INTERRUPTED)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def show_config(verb: str) -> None:
    """Let Hydra answer a query about the config; where it cannot, report all problems of the config."""
    import hydra
    import yaml

    from raasid.config import conf_dir

    # libyaml parses the same language in a fifth of the time; PyYAML may be built without it
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]
    stderr = StringIO()
    try:
        with redirect_stderr(stderr):
            hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=verb)(_unreachable_task)()
    except ValueError as error:  # raised by Hydra for options that exclude each other
        fail(str(error), Exit.USAGE)
    except SystemExit as leaving:
        if leaving.code == 1:
            from raasid.config.launch import exit_with_problems

            exit_with_problems(verb, VERBS[verb])
        sys.stderr.write(stderr.getvalue())
        raise
    sys.stderr.write(stderr.getvalue())


def fail(message: str, code: int) -> NoReturn:
    """Print an error message on stderr and exit."""
    print_error(f"error: {message}")
    sys.exit(code)


def _unreachable_task(_: object) -> NoReturn:
    raise RaasidError("a query about the config started a run")


def _usage() -> str:
    width = max(map(len, [*VERBS, *COMMANDS]))
    lines = [f"  {name:<{width}}  {verb.summary}" for name, verb in VERBS.items()]
    plain = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: raasid VERB [key=value ...]",
            "",
            *lines,
            "",
            "without configuration:",
            *plain,
            "",
            "raasid VERB --help lists the keys of a verb; raasid VERB --cfg job prints its configuration.",
        ]
    )
