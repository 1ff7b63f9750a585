"""sweep.html: how a search went, what mattered, and every trial. Optuna draws the charts."""

from __future__ import annotations

import io
import logging
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from raasid.reports.document import write_document
from raasid.sweeps.results import best_trials
from raasid.sweeps.trial_queue import REASON, Progress

PAGE = "sweep.html"
_MIN_TRIALS = 2
"""Fewer complete trials are no chart."""
_MAX_SLICES = 8
_log = logging.getLogger(__name__)


def write_page(study: Study, progress: Progress, sweep_dir: Path) -> Path:
    """Write DIR/sweep.html and return its path."""
    return write_document(sweep_dir / PAGE, f"Sweep {study.study_name}", _parts(study, progress))


def _parts(study: Study, progress: Progress) -> Iterator[str]:
    yield f"<h1>Sweep {escape(study.study_name)}</h1>"
    yield f"<p>{escape(_summary(study, progress))}</p>"
    for title, picture in _charts(study):
        yield f"<h2>{escape(title)}</h2>{picture}"
    yield f"<h2>Trials</h2>{_table(study)}"


def _summary(study: Study, progress: Progress) -> str:
    counts = f"{progress.complete} complete, {progress.pruned} pruned early, {progress.failed} failed"
    left = progress.running + progress.waiting
    text = f"{progress.ended + left} trials: {counts}" + (f", {left} still to end. " if left else ". ")
    best = best_trials(study)
    if not best:
        return text + "None has a value yet."
    if len(study.directions) > 1:
        return text + f"{len(best)} of them are best in some direction (Pareto front)."
    params = ", ".join(f"{key} = {_short(value)}" for key, value in best[0].params.items())
    return text + f"The best is trial {best[0].number} with {best[0].value:.6g}: {params}."


def _charts(study: Study) -> Iterator[tuple[str, str]]:
    """Yield a title and an image for each chart that the trials allow."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < _MIN_TRIALS:
        return
    varied = sorted(
        {key for trial in complete for key in trial.params if len({t.params.get(key) for t in complete}) > 1}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna and Matplotlib warn of few trials, which the page shows
        import matplotlib as mpl

        mpl.use("agg")
        from optuna.visualization import matplotlib as charts

        several = len(study.directions) > 1
        wanted: list[tuple[str, Callable[[], Any]]]
        if several:
            wanted = [("Pareto front", lambda: charts.plot_pareto_front(study))]
        else:
            wanted = [("Best value so far", lambda: charts.plot_optimization_history(study))]
            if any(trial.intermediate_values for trial in complete):
                title = "Every training, validation by validation"
                wanted.append((title, lambda: charts.plot_intermediate_values(study)))
            if varied:
                wanted += [
                    ("What mattered", lambda: charts.plot_param_importances(study, params=varied)),
                    ("Values of each trial", lambda: charts.plot_parallel_coordinate(study, params=varied)),
                    ("Key by key", lambda: charts.plot_slice(study, params=varied[:_MAX_SLICES])),
                ]
        for title, draw in wanted:
            try:
                yield title, _picture(draw())
            except (ValueError, RuntimeError, TypeError, ImportError) as error:  # too few or equal values
                _log.debug("%s is not drawn: %s", title, error)


def _picture(axes: Any) -> str:
    """Return Matplotlib axes as an image of the page."""
    from matplotlib import pyplot as plt

    first = axes.flat[0] if hasattr(axes, "flat") else axes
    figure, buffer = first.figure, io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    encoded = b64encode(buffer.getvalue()).decode()
    return f'<img style="max-width:100%" alt="" src="data:image/png;base64,{encoded}">'


def _table(study: Study) -> str:
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    keys = list(dict.fromkeys(key for trial in trials for key in trial.params))
    best = {trial.number for trial in best_trials(study)}
    head = "".join(f"<th>{escape(text)}</th>" for text in ("trial", *keys, "outcome"))
    rows = "".join(_row(trial, keys, trial.number in best) for trial in trials)
    return f'<div style="overflow-x:auto"><table><tr>{head}</tr>{rows}</table></div>'


def _row(trial: FrozenTrial, keys: list[str], best: bool) -> str:
    values = " ".join(f"{value:.6g}" for value in trial.values or ())
    outcome = {
        TrialState.PRUNED: f"pruned at {values}",
        TrialState.FAIL: f"failed: {trial.user_attrs.get(REASON, '')}",
    }.get(trial.state, values)
    cells = (str(trial.number), *(_short(trial.params.get(key, "")) for key in keys), outcome)
    text = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    style = ' style="font-weight:bold"' if best else ""
    return f"<tr{style}>{text}</tr>"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
