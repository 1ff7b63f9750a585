"""Check a whole command line before a run starts, without creating anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from raasid.config.compose import CompositionError, ConfigComposer
from raasid.config.error_messages import ConfigProblems, Problem
from raasid.config.overrides import ParsedOverride, check_keys, dotted_keys, parse_overrides
from raasid.config.section import Section
from raasid.config.suggestions import did_you_mean
from raasid.config.validation import check

SWEEPER = "hydra_plugins.raasid_optuna_sweeper.optuna_sweeper.OptunaSweeper"
S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class ValidatedCommand(Generic[S]):
    """A command line that can run; of a sweep, `config` is that of the first job."""

    config: S
    multirun: bool
    run_dir: str | None
    """The user's `hydra.run.dir` or, in a sweep, `hydra.sweep.dir`."""
    study: str | None = None
    """Name of the study, in a sweep whose sweeper goes on with an earlier one."""


def preflight(
    schema: type[S], composer: ConfigComposer, texts: Sequence[str], multirun: bool
) -> ValidatedCommand[S]:
    """Check the overrides of a command line; raise ConfigProblems with all problems, in their order."""
    overrides, problems = parse_overrides(texts, composer, multirun)
    groups = [override for override in overrides if override.is_group]
    base, refused = _compose(composer, groups)
    problems += refused
    if base is None:
        raise ConfigProblems(problems)
    wrong_keys = check_keys(overrides, base, composer)
    problems += wrong_keys
    bad = {problem.path for problem in [*wrong_keys, *refused]}
    usable = [override for override in overrides if override.key not in bad and override.text not in bad]
    cfg, refused = (base, []) if usable == groups else _compose(composer, usable)
    problems += refused
    if cfg is None:
        raise ConfigProblems(problems)
    multirun = multirun or cfg.hydra.mode == RunMode.MULTIRUN
    suggestions = [key for key in dotted_keys(base) if key.partition(".")[0] != "hydra"]
    checked = check(schema, cfg, suggestions, paths_must_exist=True)
    problems += _with_typed_keys(checked.problems, usable, [*suggestions, *checked.known])
    problems += _unlisted_keys(usable, {problem.path for problem in problems})
    problems += _check_sweep_values(schema, composer, usable, suggestions)
    if problems or checked.config is None:
        raise ConfigProblems(_in_order_of(texts, problems))
    values = {override.key: str(override.parsed.value()) for override in overrides}
    if multirun:
        _check_sweeper(cfg, overrides, composer)
    run_dir = values.get("hydra.sweep.dir" if multirun else "hydra.run.dir")
    study = study_name(cfg, texts) if multirun else None
    return ValidatedCommand(checked.config, multirun, run_dir, study)


def _check_sweeper(cfg: DictConfig, overrides: Sequence[ParsedOverride], composer: ConfigComposer) -> None:
    """Refuse another plugin of the name, and a search for nothing, which would repeat one training."""
    sweeper = cfg.hydra.sweeper
    target = str(sweeper.get("_target_", ""))
    if target.endswith(".OptunaSweeper") and target != SWEEPER:
        message = f"is {target} here, another plugin of this name, which cannot go on, prune or register"
        raise ConfigProblems([Problem("hydra/sweeper=optuna", f"{message}; uninstall its package")])
    searched = sweeper.get("params") or sweeper.get("custom_search_space")
    typed = any(override.parsed.is_sweep_override() for override in overrides)
    if target == SWEEPER and not searched and not typed:
        presets = ", ".join(sorted(composer.options("hparams_search")))
        message = f"nothing is searched; choose hparams_search=NAME (there are: {presets})"
        raise ConfigProblems([Problem("hydra.sweeper.params", f"{message}, or give KEY=choice(…)")])


def study_name(cfg: DictConfig, texts: Sequence[str]) -> str | None:
    """Return the name of the study that a sweep creates or goes on with; None with Hydra's own sweeper.

    The user's own name or, so that the same command goes on, the preset with a hash of what is searched and
    of what is fixed.
    """
    sweeper = cfg.hydra.sweeper
    if sweeper.get("_target_") != SWEEPER:
        return None
    if sweeper.study_name is not None:
        return str(sweeper.study_name)
    preset = cfg.hydra.runtime.choices.get("hparams_search") or "sweep"
    ignored = ("hydra.", "paths.")
    typed = sorted(text for text in texts if not text.lstrip("+~").startswith(ignored))
    params = OmegaConf.to_container(sweeper.params) if sweeper.params else {}
    conditions = [sweeper[key] for key in ("constraints", "custom_search_space") if sweeper.get(key)]
    content = json.dumps([params, sweeper.direction, typed, *conditions], sort_keys=True, default=str)
    return f"{preset}-{hashlib.sha256(content.encode()).hexdigest()[:6]}"


def _compose(
    composer: ConfigComposer, overrides: Sequence[ParsedOverride]
) -> tuple[DictConfig | None, list[Problem]]:
    """Compose; if Hydra refuses, add the overrides one by one to find those that it refuses."""
    try:
        return composer.compose([override.to_compose() for override in overrides]), []
    except CompositionError:
        accepted: list[str] = []
    try:
        cfg = composer.compose(accepted)
    except CompositionError as error:
        return None, [Problem(f"{composer.name}.yaml", str(error))]
    problems: list[Problem] = []
    for override in overrides:
        try:
            cfg = composer.compose([*accepted, override.to_compose()])
        except CompositionError as error:
            problems.append(Problem(override.text, str(error)))
        else:
            accepted.append(override.to_compose())
    return cfg, problems


def _with_typed_keys(
    problems: Iterable[Problem], overrides: Sequence[ParsedOverride], known: Collection[str]
) -> list[Problem]:
    """Name the whole key that was typed where the schema stopped at its first unknown part."""
    renamed: list[Problem] = []
    for problem in problems:
        typed = [override.key for override in overrides if override.key.startswith(f"{problem.path}.")]
        if problem.message.startswith("no such key") and typed:
            renamed += [Problem(key, "no such key" + did_you_mean(key, known)) for key in typed]
        else:
            renamed.append(problem)
    return renamed


def _unlisted_keys(overrides: Iterable[ParsedOverride], reported: Collection[str]) -> list[Problem]:
    """Report, as Hydra would, a plain override of a key that the schema knows and no YAML file sets."""
    return [
        Problem(override.key, f"is not set in any file; add it with '+{override.text}'")
        for override in overrides
        if override.unlisted and override.key not in reported
    ]


def _check_sweep_values(
    schema: type[S],
    composer: ConfigComposer,
    overrides: Sequence[ParsedOverride],
    suggestions: Sequence[str],
) -> list[Problem]:
    """Check the other values of a sweep one at a time, combined with the first values of the rest."""
    problems: list[Problem] = []
    for override in overrides:
        others = [other.to_compose() for other in overrides if other is not override]
        for index in range(1, len(override.variants)):
            text = override.to_compose(index)
            try:
                cfg = composer.compose([*others, text])
            except CompositionError as error:
                problems.append(Problem(text, str(error)))
                continue
            found = check(schema, cfg, suggestions, paths_must_exist=True).problems
            problems += [problem for problem in found if problem not in problems]
    return problems


def _in_order_of(texts: Sequence[str], problems: Iterable[Problem]) -> list[Problem]:
    keys = [text.lstrip("+~").partition("=")[0] for text in texts]

    def position(problem: Problem) -> int:
        for index, (key, text) in enumerate(zip(keys, texts, strict=True)):
            if problem.path in (key, text) or problem.path.startswith((f"{key}.", f"{key}[")):
                return index
        return len(texts)

    return sorted(dict.fromkeys(problems), key=position)
