"""Charts of a study as SVG images: history, curves, importances, parallel coordinates, slices, front.

Outcomes differ in shape as well as in colour, and pruned and failed trials are shown, too.
"""

from __future__ import annotations

import io
import math
import warnings
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.distributions import CategoricalDistribution
from optuna.importance import get_param_importances
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from raasid.sweeps.results import best_trials, format_value, short_names

_FINISHED, _PRUNED, _INK, _SOFT, _LINE = "#0072b2", "#d55e00", "#1b1f24", "#59626c", "#dfe3e8"
_STYLE = {
    "axes.edgecolor": _SOFT, "axes.grid": True, "axes.labelcolor": _SOFT, "axes.labelsize": 10,
    "axes.spines.right": False, "axes.spines.top": False, "axes.axisbelow": True, "figure.dpi": 96,
    "font.size": 10, "grid.color": "#e6e9ed", "legend.fontsize": 9, "legend.frameon": False,
    "savefig.dpi": 144, "svg.hashsalt": "sweep", "xtick.color": _SOFT, "ytick.color": _SOFT,
}  # fmt: skip
_MAX_KEYS = 8
"""Parameters with a chart of their own or an axis: the most important ones."""
_MAX_VECTORS = 300
"""Trials whose marks are vectors; more are drawn as pixels."""
_TOP = 5
"""Trials that are set off among the parallel coordinates."""
_PED_ANOVA = (
    "How much each parameter tells about which trials are among the best tenth (PED-ANOVA). "
    "It is a rough guide below some thirty trials."
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what it says in words. image: an HTML element."""

    title: str
    image: str
    note: str = ""


class StudyCharts:
    """Draws the trials of a study that have ended; what they are too few for is left out.

    values: names of the optimised values.
    """

    def __init__(self, study: Study, values: Sequence[str]) -> None:
        trials = study.get_trials(deepcopy=False)
        self._study, self._directions, self._values = study, study.directions, values
        self._finished = [
            trial
            for trial in trials
            if trial.state is TrialState.COMPLETE and all(map(math.isfinite, trial.values))
        ]
        self._pruned = [trial for trial in trials if trial.state is TrialState.PRUNED and trial.values]
        self._failed = [trial for trial in trials if trial.state is TrialState.FAIL]
        self._pixels = len(trials) > _MAX_VECTORS
        self._last = max((trial.number for trial in trials if trial.state.is_finished()), default=0)
        self._importances = [self._measure_importance(i) for i in range(len(self._directions))]
        total = {key: sum(each.get(key, 0) for each in self._importances) for key in self._varied()}
        self.tells_importance = any(self._importances)
        """Whether it can be told what mattered."""
        self._keys = sorted(total, key=lambda key: -total[key])[:_MAX_KEYS]
        self._names = short_names(self._varied())

    def overview(self) -> Iterator[Chart]:
        """Yield the charts of the whole study."""
        with mpl.rc_context(_STYLE):
            if len(self._directions) > 1 and self._finished:
                for pair in list(combinations(range(len(self._directions)), 2))[:3]:
                    yield self._front(*pair)
            elif self._finished or self._pruned:
                yield self._history()
            if any(trial.intermediate_values for trial in (*self._finished, *self._pruned)):
                yield self._curves()
            for i, shares in enumerate(self._importances):
                if shares:
                    yield self._importance(i, shares)
            if len(self._finished) > 1 and self._keys:
                yield self._parallel()

    def slices(self) -> Iterator[Chart]:
        """Yield a chart of each value against each parameter that varies, the most important ones first."""
        with mpl.rc_context(_STYLE):
            for key in self._keys:
                for i, value in enumerate(self._values):
                    yield self._slice(key, i, value)

    def _varied(self) -> list[str]:
        keys = dict.fromkeys(key for trial in self._finished for key in trial.params)
        return [k for k in keys if len({t.params[k] for t in self._finished if k in t.params}) > 1]

    def _measure_importance(self, i: int) -> dict[str, float]:
        """Return the share of each parameter; empty where the trials tell nothing of it."""
        values, keys = {trial.values[i] for trial in self._finished}, self._varied()
        everywhere = [key for key in keys if all(key in trial.params for trial in self._finished)]
        if len(values) < 2 or len(everywhere) < 2:
            return {}
        sign = -1 if self._directions[i] is StudyDirection.MAXIMIZE else 1  # Optuna looks for low targets
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return get_param_importances(
                    self._study, params=everywhere, target=lambda trial: sign * trial.values[i]
                )
            except (ValueError, RuntimeError):  # what Optuna raises where too few trials differ
                return {}

    def _history(self) -> Chart:
        figure, axes = _figure("trial", self._values[0])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        self._points(axes, [t.number for t in self._finished], [t.values[0] for t in self._finished])
        if self._pruned:
            shown = [(t.number, t.values[0]) for t in self._pruned]
            style: dict[str, Any] = {"color": _PRUNED, "label": "pruned"}
            axes.plot(*_columns(shown), "v", mfc="none", ms=5, rasterized=self._pixels, **style)
        if self._failed:
            axes.plot(
                [t.number for t in self._failed], [0.02] * len(self._failed), "x", color=_INK, ms=6,
                transform=axes.get_xaxis_transform(), label="failed", clip_on=False,
            )  # fmt: skip
        pick = max if self._directions[0] is StudyDirection.MAXIMIZE else min
        best: list[tuple[float, float]] = []
        for trial in self._finished:
            best.append((trial.number, pick(trial.values[0], best[-1][1]) if best else trial.values[0]))
        if best:
            best.append((self._last, best[-1][1]))
        axes.plot(*_columns(best), drawstyle="steps-post", color=_INK, lw=1.2, label="best so far")
        _legend(figure, axes)
        return Chart("How the search went", _image(figure, "value of each trial"))

    def _curves(self) -> Chart:
        figure, axes = _figure("step", self._values[0])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        best = {trial.number for trial in best_trials(self._study)}
        kinds: list[tuple[str, Sequence[FrozenTrial], dict[str, Any]]] = [
            (
                "finished",
                [t for t in self._finished if t.number not in best],
                {"color": _FINISHED, "alpha": 0.45},
            ),
            ("pruned", self._pruned, {"color": _PRUNED, "ls": "--", "marker": "v", "mfc": "none"}),
            ("best", [t for t in self._finished if t.number in best], {"color": _INK, "lw": 2.2}),
        ]
        for label, trials, style in kinds:
            for i, trial in enumerate(trials):
                points = sorted(trial.intermediate_values.items())
                line = {"lw": 1, "ms": 5, "markevery": [-1], "rasterized": self._pixels, **style}
                axes.plot(*_columns(points), label=label if i == 0 else None, **line)
        _legend(figure, axes)
        note = "Every training, validation by validation. A pruned one ends where it was given up."
        return Chart("Learning curves", _image(figure, "reported values by step"), note)

    def _importance(self, i: int, shares: dict[str, float]) -> Chart:
        keys = sorted(shares, key=lambda key: shares[key])[-_MAX_KEYS:]
        figure, axes = _figure("", "", height=0.9 + 0.34 * len(keys))
        bars = axes.barh(
            [self._names[key] for key in keys], [shares[key] for key in keys], color=_FINISHED, height=0.6
        )
        axes.bar_label(bars, [f"{shares[key]:.0%}" for key in keys], padding=4, fontsize=10)
        axes.set_xlim(0, 1.15 * max(shares.values()))
        axes.grid(visible=False)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        title = "What mattered" + (f" for {self._values[i]}" if len(self._values) > 1 else "")
        return Chart(title, _image(figure, "importance of each parameter"), _PED_ANOVA)

    def _parallel(self) -> Chart:
        scales = [_Scale(self._names[key], key, self._finished) for key in self._keys]
        scales += [_Scale(name, i, self._finished) for i, name in enumerate(self._values)]
        figure, axes = _figure("", "", width=max(4.4, 0.9 * len(scales)), height=2.9)
        best = {trial.number for trial in self._ranked()[:_TOP]}
        for trial in sorted(self._finished, key=lambda trial: trial.number in best):
            top = trial.number in best
            style: dict[str, Any] = (
                {"color": _FINISHED, "lw": 1.8} if top else {"color": "#9aa3ad", "lw": 0.8, "alpha": 0.6}
            )
            heights = [scale.height(trial) for scale in scales]
            axes.plot(range(len(scales)), heights, rasterized=self._pixels, zorder=3 if top else 2, **style)
        for x, scale in enumerate(scales):
            axes.axvline(x, color=_SOFT, lw=1)
            for height, label in scale.labels():
                axes.text(
                    x + 0.04, height, label, fontsize=8.5, color=_INK, va="center", zorder=4,
                    bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.8},
                )  # fmt: skip
        axes.set_xticks(range(len(scales)), [_broken(scale.name) for scale in scales])
        axes.set_yticks([])
        axes.set_xlim(-0.1, len(scales) - 0.5)
        axes.grid(visible=False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        note = f"A line for each finished trial; the {min(_TOP, len(best))} best ones are thick and blue."
        return Chart("Parameters of each trial", _image(figure, "parallel coordinates"), note)

    def _slice(self, key: str, i: int, value: str) -> Chart:
        trials = [trial for trial in self._finished if key in trial.params]
        figure, axes = _figure(self._names[key], value, width=2.9, height=2.3)
        scale = _Scale(self._names[key], key, trials)
        best = {trial.number for trial in best_trials(self._study)}
        self._points(axes, [scale.place(t) for t in trials], [t.values[i] for t in trials])
        marked = [(scale.place(t), t.values[i]) for t in trials if t.number in best]
        axes.plot(*_columns(marked), "o", mfc="none", color=_INK, ms=10, mew=1.8)
        if scale.categories:
            axes.set_xticks(range(len(scale.categories)), [format_value(each) for each in scale.categories])
            axes.margins(x=0.2)
        elif scale.log:
            axes.set_xscale("log")
        return Chart(f"{self._names[key]}", _image(figure, f"{value} against {key}"))

    def _front(self, i: int, j: int) -> Chart:
        figure, axes = _figure(self._values[i], self._values[j])
        front = sorted((trial.values[i], trial.values[j]) for trial in best_trials(self._study))
        others = [(t.values[i], t.values[j]) for t in self._finished]
        axes.plot(
            *_columns(others),
            "o",
            mfc="none",
            color="#9aa3ad",
            ms=5,
            label="other trials",
            rasterized=self._pixels,
        )
        axes.plot(*_columns(front), "o-", color=_FINISHED, ms=6, lw=1, label="Pareto front")
        _legend(figure, axes)
        note = "No trial is better in one value than those of the front without being worse in another."
        return Chart("Pareto front", _image(figure, "values against each other"), note)

    def _ranked(self) -> list[FrozenTrial]:
        """Return the finished trials, the best first; of several values, those of the front."""
        if len(self._directions) > 1:
            return list(best_trials(self._study))
        sign = -1 if self._directions[0] is StudyDirection.MAXIMIZE else 1
        return sorted(self._finished, key=lambda trial: sign * trial.values[0])

    def _points(self, axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
        axes.plot(
            x, y, "o", color=_FINISHED, ms=5, alpha=0.8, mew=0, label="finished", rasterized=self._pixels
        )


class _Scale:
    """Places the values of one parameter (by key) or of the trial (by index) on an axis."""

    def __init__(self, name: str, key: str | int, trials: Sequence[FrozenTrial]) -> None:
        self.name, self._key = name, key
        found = [value for trial in trials if (value := self._of(trial)) is not None]
        space = next(
            (t.distributions[key] for t in trials if isinstance(key, str) and key in t.distributions), None
        )
        self.log = bool(getattr(space, "log", False))
        self.categories: list[Any] = []
        if isinstance(space, CategoricalDistribution):
            self.categories = sorted(
                set(found), key=lambda v: (isinstance(v, str), v if isinstance(v, int | float) else str(v))
            )
        places = range(len(self.categories)) if self.categories else [self._stretched(v) for v in found]
        self._low, self._high = min(places), max(places)
        self._ends = () if self.categories else (min(found), max(found))

    def place(self, trial: FrozenTrial) -> float:
        """Return where a trial is on this axis, in data units."""
        value = self._of(trial)
        if value is None:
            return math.nan
        return float(self.categories.index(value) if self.categories else value)

    def height(self, trial: FrozenTrial) -> float:
        """Return the place as a share of the axis, 0 to 1."""
        return self._share(self._stretched(self.place(trial)))

    def labels(self) -> Iterator[tuple[float, str]]:
        """Yield the heights that are labelled: each category, or both ends."""
        for i, value in enumerate(self.categories):
            yield self._share(i), format_value(value)
        for end in self._ends:
            yield self._share(self._stretched(end)), format_value(end)

    def _of(self, trial: FrozenTrial) -> Any:
        return trial.params.get(self._key) if isinstance(self._key, str) else trial.values[self._key]

    def _stretched(self, place: float) -> float:
        return math.log10(place) if self.log else place

    def _share(self, place: float) -> float:
        return 0.5 if self._low == self._high else (place - self._low) / (self._high - self._low)


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _figure(x: str, y: str, width: float = 4.4, height: float = 2.7) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes: Axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def _legend(figure: Figure, axes: Axes) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=4, handletextpad=0.4)


def _broken(name: str) -> str:
    """Break a long name where a word ends, to be a tick's label."""
    return name.replace("_", "_\n").replace(".", ".\n") if len(name) > 10 else name


def _image(figure: Figure, what: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    width = 1.2 * 96 * figure.get_figwidth()
    encoded = b64encode(buffer.getvalue()).decode()
    return (
        f'<img style="width:100%;max-width:{width:.0f}px" alt="{escape(what, quote=True)}" '
        f'src="data:image/svg+xml;base64,{encoded}">'
    )
