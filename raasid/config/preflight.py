"""Everything that can be known to be wrong before a run starts, found without creating anything.

From a composed configuration to plain values, with every broken reference collected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hydra.types import RunMode
from omegaconf import DictConfig

from raasid.config import overrides
from raasid.config.compose import CannotCompose, Composer
from raasid.config.error_messages import ConfigProblems, Problem
from raasid.config.overrides import Word
from raasid.config.section import Section
from raasid.config.suggestions import did_you_mean
from raasid.config.validation import check

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Cleared(Generic[S]):
    """A command line that may run. Of a sweep, `config` is the first job's."""

    config: S
    multirun: bool
    run_dir: str | None
    """What the user asked for with `hydra.run.dir` or, in a sweep, `hydra.sweep.dir`."""


def preflight(schema: type[S], composer: Composer, lines: Sequence[str], multirun: bool) -> Cleared[S]:
    """Check a command line; raise `ConfigProblems` with all that is wrong, in the order of its words."""
    words, problems = overrides.read(lines, composer, multirun)
    groups = [word for word in words if word.is_group]
    base, refused = _compose(composer, groups)
    problems += refused
    if base is None:
        raise ConfigProblems(problems)
    wrong = overrides.check_keys(words, base, composer)
    problems += wrong
    bad = {problem.path for problem in [*wrong, *refused]}
    usable = [word for word in words if word.key not in bad and word.line not in bad]
    cfg, refused = (base, []) if usable == groups else _compose(composer, usable)
    problems += refused
    if cfg is None:
        raise ConfigProblems(problems)
    multirun = multirun or cfg.hydra.mode == RunMode.MULTIRUN
    guesses = [key for key in overrides.listed_keys(base) if key.partition(".")[0] != "hydra"]
    checked = check(schema, cfg, guesses, look=True)
    problems += _in_words_of_the_user(checked.problems, usable, [*guesses, *checked.known])
    problems += _unlisted(usable, {problem.path for problem in problems})
    problems += _variants(schema, composer, usable, guesses)
    if problems or checked.config is None:
        raise ConfigProblems(_ordered(problems, lines))
    asked = {word.key: str(word.parsed.value()) for word in words}
    return Cleared(checked.config, multirun, asked.get("hydra.sweep.dir" if multirun else "hydra.run.dir"))


def _compose(composer: Composer, words: Sequence[Word]) -> tuple[DictConfig | None, list[Problem]]:
    """Compose; when Hydra refuses, find the words that it refuses, one by one."""
    try:
        return composer.compose([word.composed_as() for word in words]), []
    except CannotCompose:
        good: list[str] = []
    try:
        cfg = composer.compose(good)
    except CannotCompose as error:
        return None, [Problem(f"{composer.name}.yaml", str(error))]
    problems: list[Problem] = []
    for word in words:
        try:
            cfg = composer.compose([*good, word.composed_as()])
        except CannotCompose as error:
            problems.append(Problem(word.line, str(error)))
        else:
            good.append(word.composed_as())
    return cfg, problems


def _in_words_of_the_user(
    problems: Iterable[Problem], words: Sequence[Word], known: Collection[str]
) -> list[Problem]:
    """Name the whole key that was typed where the schema stopped at its first unknown part."""
    told: list[Problem] = []
    for problem in problems:
        typed = [word.key for word in words if word.key.startswith(f"{problem.path}.")]
        if problem.message.startswith("no such key") and typed:
            told += [Problem(key, "no such key" + did_you_mean(key, known)) for key in typed]
        else:
            told.append(problem)
    return told


def _unlisted(words: Iterable[Word], reported: Collection[str]) -> list[Problem]:
    """Complain, as Hydra would, of a plain override of a key that the schema knows and no YAML file sets."""
    return [
        Problem(word.key, f"is not set in any file; add it with '+{word.line}'")
        for word in words
        if word.unlisted and word.key not in reported
    ]


def _variants(
    schema: type[S], composer: Composer, words: Sequence[Word], guesses: Sequence[str]
) -> list[Problem]:
    """Check the other values of a sweep, one at a time, beside the first values of the rest."""
    problems: list[Problem] = []
    for word in words:
        others = [other.composed_as() for other in words if other is not word]
        for index in range(1, len(word.variants)):
            line = word.composed_as(index)
            try:
                cfg = composer.compose([*others, line])
            except CannotCompose as error:
                problems.append(Problem(line, str(error)))
                continue
            found = check(schema, cfg, guesses, look=True).problems
            problems += [problem for problem in found if problem not in problems]
    return problems


def _ordered(problems: Iterable[Problem], lines: Sequence[str]) -> list[Problem]:
    keys = [line.lstrip("+~").partition("=")[0] for line in lines]

    def place(problem: Problem) -> int:
        for index, (key, line) in enumerate(zip(keys, lines, strict=True)):
            if problem.path in (key, line) or problem.path.startswith((f"{key}.", f"{key}[")):
                return index
        return len(lines)

    return sorted(dict.fromkeys(problems), key=place)
