"""What a sweep found: `optimization_results.yaml` as the official plugin writes it, and `best.yaml`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf
from optuna.study import Study
from optuna.trial import FrozenTrial

from raasid.escaping import printable
from raasid.io.atomic import write_atomic
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.trial_queue import RUN_DIR, Progress

RESULTS = "optimization_results.yaml"
BEST = Path("experiment") / "best.yaml"
_NOT_OF_THE_MODEL = ("hydra", "debug", "paths", "logger", "tags", "ckpt_path")


def best_trials(study: Study) -> Sequence[FrozenTrial]:
    """Return the best trial, or those of the Pareto front; none if no trial is complete."""
    try:
        return study.best_trials if len(study.directions) > 1 else [study.best_trial]
    except ValueError:
        return []


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return the last part of each key, or the whole key where several end alike."""
    whole = dict.fromkeys(keys)
    last = [key.lstrip("+").rpartition(".")[2] for key in whole]
    return {
        key: name if last.count(name) == 1 else key.lstrip("+") for key, name in zip(whole, last, strict=True)
    }


def format_value(value: Any) -> str:
    """Format a parameter to be read: four digits of a number."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def describe_outcome(study: Study, progress: Progress) -> Iterator[str]:
    """Yield what came out, a line each."""
    yield (
        f"{progress.complete} trials complete, {progress.pruned} pruned, {progress.failed} failed, "
        f"{progress.waiting} waiting"
    )
    best = best_trials(study)
    if progress.complete and not best:
        yield "No trial keeps all constraints, so there is no best one"
    if len(study.directions) > 1:
        yield f"Number of Pareto solutions: {len(best)}"
        for trial in best:
            yield f"    Values: {trial.values}, Params: {trial.params}"
    elif best:
        yield f"Best parameters: {best[0].params}"
        yield f"Best value: {best[0].value}"
        if RUN_DIR in best[0].user_attrs:
            yield f"Best run: {best[0].user_attrs[RUN_DIR]}"


def write_results(
    study: Study, space: SearchSpace, sweep_dir: Path, config: DictConfig, loader: ConfigLoader
) -> None:
    """Write both files, if any trial is complete. config: of the sweep, with its `hydra` part."""
    best = best_trials(study)
    if not best:
        return
    if len(study.directions) > 1:
        solutions = [{"params": dict(trial.params), "values": list(trial.values)} for trial in best]
        results: dict[str, Any] = {"name": "optuna", "solutions": solutions}
    else:
        results = {"name": "optuna", "best_params": dict(best[0].params), "best_value": best[0].value}
    write_atomic(sweep_dir / RESULTS, yaml.safe_dump(results, sort_keys=False))
    if len(study.directions) == 1:
        text = experiment(space.overrides(best[0].params), config, loader)
        use = f"--config-dir {shlex.quote(str(sweep_dir))} experiment=best"
        head = f"# Trial {best[0].number} of {printable(study.study_name)}. {printable(use)}\n"
        write_atomic(sweep_dir / BEST, f"# @package _global_\n{head}{text}")


def experiment(overrides: Sequence[str], config: DictConfig, loader: ConfigLoader) -> str:
    """Return what overrides change, those of a preset's own file included, as the YAML of an experiment.

    Chosen by its name it composes what the overrides compose, but for the groups of how a run is watched
    and where it is stored. config: of the sweep.
    """

    def compose(words: Sequence[str]) -> DictConfig:
        return loader.load_sweep_config(config, list(words))

    kept = [word for word in overrides if not _is_of_the_run(word.lstrip("+~").partition("=")[0])]
    wanted = compose(kept)
    choices = dict(wanted.hydra.runtime.choices)
    base = [f"experiment={choices['experiment']}"] if choices.get("experiment") else []
    before = dict(compose(base).hydra.runtime.choices)
    changed = {
        group: choice
        for group, choice in choices.items()
        if not _is_of_the_run(group) and group not in ("experiment", "hparams_search")
        if group not in before or choice != before[group]
    }
    defaults: list[Any] = [choices["experiment"]] if base else []
    defaults += [{f"{'override ' * (group in before)}/{group}": name} for group, name in changed.items()]
    base += [f"{'+' * (group not in before)}{group}={_word(name)}" for group, name in changed.items()]
    values = _changes(_plain(compose(base)), _plain(wanted))
    return yaml.safe_dump(({"defaults": defaults} if defaults else {}) | values, sort_keys=False)


def _is_of_the_run(key: str) -> bool:
    """Whether a key or group says how a run is watched, or where it is stored."""
    return key.partition(".")[0].partition("/")[0] in _NOT_OF_THE_MODEL


def _word(choice: Any) -> str:
    return "null" if choice is None else str(choice)


def _plain(config: DictConfig) -> dict[str, Any]:
    tree: Any = OmegaConf.to_container(config, resolve=False)
    return {key: value for key, value in tree.items() if not _is_of_the_run(key)}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `after` that are others before; what is missing there becomes null."""
    found: dict[str, Any] = {}
    for key in [*after, *(key for key in before if key not in after)]:
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            if inner := _changes(one, other):
                found[key] = inner
        elif one != other or (key in after) != (key in before):
            found[key] = other
    return found
