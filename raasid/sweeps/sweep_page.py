"""sweep.html: the best in words, how the search went, what mattered, and every trial."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from raasid.reports.document import plural, write_document
from raasid.sweeps.progress_display import format_seconds, outcome
from raasid.sweeps.results import BEST, best_trials, format_value, short_names
from raasid.sweeps.trial_queue import LOG, RETRY_OF, RUN_DIR, Progress

PAGE = "sweep.html"
_GRID = "grid-template-columns:repeat(auto-fit,minmax(min(100%,{}px),1fr))"
_TABLE = 'style="overflow-x:auto"'


def write_page(study: Study, progress: Progress, sweep_dir: Path, metric: str | None = None) -> Path:
    """Write DIR/sweep.html and return its path. metric: name of the optimised value, if there is one."""
    parts = _parts(study, progress, sweep_dir, metric)
    return write_document(sweep_dir / PAGE, f"Sweep {study.study_name}", parts)


def _parts(study: Study, progress: Progress, sweep_dir: Path, metric: str | None) -> Iterator[str]:
    from raasid.sweeps.sweep_charts import StudyCharts  # Matplotlib takes its time

    trials = study.get_trials(deepcopy=False)
    best = best_trials(study)
    count = len(study.directions)
    values = [metric or "value"] if count == 1 else [f"value {i}" for i in range(count)]
    yield f'<p class="kicker">Sweep</p><h1>{escape(study.study_name)}</h1>'
    yield f'<p class="answer">{escape(_answer(study, best, values))}</p>'
    yield f"<p>{escape(_counts(progress, trials))}</p>"
    if len(study.directions) == 1 and best and (sweep_dir / BEST).is_file():
        command = f"python train.py --config-dir {shlex.quote(str(sweep_dir))} experiment=best"
        yield f"<p>Train with the best parameters:</p><pre>{escape(command)}</pre>"
    charts = StudyCharts(study, values)
    overview = list(charts.overview())
    if progress.complete < 2:
        yield _note("Charts of the parameters need two finished trials.")
    elif not charts.tells_importance:
        yield _note(
            "What mattered cannot be told: finished trials have to differ in two parameters and in value."
        )
    drawn = "".join(f"<figure><h2>{escape(c.title)}</h2>{_note(c.note)}{c.image}</figure>" for c in overview)
    yield f'<div class="charts" style="{_GRID.format(420)}">{drawn}</div>'
    slices = "".join(f"<figure>{chart.image}</figure>" for chart in charts.slices())
    if slices:
        yield "<h2>Key by key</h2>"
        yield _note("The most important parameters first. A ring marks the best.")
        yield f'<div class="charts" style="{_GRID.format(280)}">{slices}</div>'
    yield f"<h2>Trials</h2>{_table(study, trials, best, sweep_dir)}"


def _answer(study: Study, best: Sequence[FrozenTrial], values: Sequence[str]) -> str:
    if not best:
        return "No trial has finished yet."
    if len(study.directions) > 1:
        words = [f"{v} ({_better(d)})" for v, d in zip(values, study.directions, strict=True)]
        are = "trial is" if len(best) == 1 else "trials are"
        return f"{len(best)} {are} on the Pareto front of {', '.join(words)}; the table begins with them."
    names = short_names(best[0].params)
    params = ", ".join(f"{names[key]} = {format_value(value)}" for key, value in best[0].params.items())
    value = f"{values[0]} {best[0].value:.6g} ({_better(study.direction)})"
    text = f"The best is trial {best[0].number} with {value}: {params}."
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    equal = sum(trial.value == best[0].value for trial in finished) - 1
    return text + (f" {plural(equal, 'other trial')} did as well." if equal else "")


def _better(direction: StudyDirection) -> str:
    return f"{'higher' if direction is StudyDirection.MAXIMIZE else 'lower'} is better"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>' if text else ""


def _counts(progress: Progress, trials: Sequence[FrozenTrial]) -> str:
    counts = f"{progress.complete} finished, {progress.pruned} pruned early, {progress.failed} failed"
    left = progress.running + progress.waiting
    text = f"{plural(progress.ended + left, 'trial')}: {counts}"
    text += f", {left} still to end. " if left else ". "
    took = [seconds for trial in trials if (seconds := _seconds(trial)) is not None]
    if took:
        text += f"They took {format_seconds(sum(took))} together, the longest {format_seconds(max(took))}."
    return text


def _table(study: Study, trials: Sequence[FrozenTrial], best: Sequence[FrozenTrial], sweep_dir: Path) -> str:
    """Return a table of the trials that have ended: the best first, then pruned ones, then failed ones."""
    ended = [trial for trial in trials if trial.state.is_finished()]
    keys = list(dict.fromkeys(key for trial in ended for key in trial.params))
    names = short_names(keys)
    again = {trial.user_attrs[RETRY_OF]: trial.number for trial in trials if RETRY_OF in trial.user_attrs}
    front = {trial.number for trial in best}
    order = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    sign = -1 if study.directions[0] is StudyDirection.MAXIMIZE else 1

    def rank(trial: FrozenTrial) -> tuple[bool, int, float, int]:
        value = sign * trial.values[0] if trial.values else math.inf
        return trial.number not in front, order.index(trial.state), value, trial.number

    rows = []
    for trial in sorted(ended, key=rank):
        text = outcome(trial)
        if trial.number in again:
            text += f"; tried again as trial {again[trial.number]}"
        seconds = _seconds(trial)
        cells = [
            _cell(str(trial.number), "right"),
            _cell(text),
            *(_cell(format_value(trial.params.get(key, ""))) for key in keys),
            _cell("" if seconds is None else format_seconds(seconds), "num"),
            f"<td>{_links(trial, sweep_dir)}</td>",
        ]
        whole = ' class="whole"' if trial.number in front else ""
        rows.append(f"<tr{whole}>{''.join(cells)}</tr>")
    heads = ("outcome", *(names[key] for key in keys), "time", "files")
    head = '<th class="right">trial</th>' + "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f"<div {_TABLE}><table><tr>{head}</tr>{''.join(rows)}</table></div>"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def _links(trial: FrozenTrial, sweep_dir: Path) -> str:
    """Return links to the run directory and the output of a trial, relative to the page."""
    found = []
    for name, attribute in (("run", RUN_DIR), ("log", LOG)):
        path = trial.user_attrs.get(attribute)
        if path and Path(path).exists():
            found.append(f'<a href="{quote(os.path.relpath(path, sweep_dir))}">{name}</a>')
    return " ".join(found)


def _seconds(trial: FrozenTrial) -> float | None:
    return None if trial.duration is None else trial.duration.total_seconds()
