"""What a sweep found: `optimization_results.yaml` as the official plugin writes it, and `best.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from optuna.study import Study
from optuna.trial import FrozenTrial

from raasid.io.atomic import write_atomic
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.trial_queue import RUN_DIR, Progress

RESULTS = "optimization_results.yaml"
BEST = Path("experiment") / "best.yaml"
_NOT_OF_THE_MODEL = ("hparams_search", "debug", "paths", "logger")


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
    if len(study.directions) > 1:
        yield f"Number of Pareto solutions: {len(best)}"
        for trial in best:
            yield f"    Values: {trial.values}, Params: {trial.params}"
    elif best:
        yield f"Best parameters: {best[0].params}"
        yield f"Best value: {best[0].value}"
        if RUN_DIR in best[0].user_attrs:
            yield f"Best run: {best[0].user_attrs[RUN_DIR]}"


def write_results(study: Study, space: SearchSpace, sweep_dir: Path, loader: ConfigLoader) -> None:
    """Write both files, if any trial is complete."""
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
        text = experiment(space, best[0], loader)
        use = f"train.py --config-dir {sweep_dir} experiment=best"
        head = f"# Trial {best[0].number} of {study.study_name}. {use}\n"
        write_atomic(sweep_dir / BEST, f"# @package _global_\n{head}{text}")


def experiment(space: SearchSpace, trial: FrozenTrial, loader: ConfigLoader) -> str:
    """Return the overrides of a trial as the YAML of an experiment that can be chosen by its name."""
    defaults: list[Any] = []
    values: dict[str, Any] = {}
    for key, value in {**space.fixed, **trial.params}.items():
        name = key.lstrip("+")
        if name in _NOT_OF_THE_MODEL or name.startswith(("paths.", "hydra/")):
            continue
        if name == "experiment":
            defaults.insert(0, value)
        elif loader.get_group_options(name, ObjectType.CONFIG):
            defaults.append({f"override /{name}": value})
        else:
            *parents, last = name.split(".")
            section = values
            for parent in parents:
                section = section.setdefault(parent, {})
            section[last] = yaml.safe_load(value) if isinstance(value, str) else value
    tree = ({"defaults": defaults} if defaults else {}) | values
    return yaml.safe_dump(tree, sort_keys=False)
