"""What the context model is worth: majority < geometry < ball only < pose only < both, on the same tracks.

First it trains the three transformers (what they see: the ball, the players, both), unless --ckpt names
them, and judges all five on the same held-out matches as ball and pose models see them: accuracy, macro
precision and recall, ECE with 95 % intervals; near-miss clips apart; what each gains over the one above it
on the same clips; season flips. Then the same five on a league of their own under each shift suite, and
under none; and over all of them, with what each gains over the one above it: far more clips than the table
has. `--suites` with nothing behind it leaves that out.

Ball and pose models are the newest trained, or --ball and --pose. What is trained is kept in --folder and not
trained again. The claim: balanced accuracies on predicted tracks rise in that order; of plain accuracy the
commonest answer gets as much as there are clips without offence, and needs no eyes for it. --by for another.
Last line: the figure. Exit status: 0 where the claim holds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from raasid.config.compose import compose
from raasid.console.tables import print_table
from raasid.console.terminal import err
from raasid.datasets.context.datamodule import ContextDataModule
from raasid.datasets.context.factory import build_context_datamodule
from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.context.result import ContextResult, ContextValidation, paired_difference
from raasid.footage.records import Clip, Provenance
from raasid.laws.facts import Facts
from raasid.models.checkpoints import load_trained_model
from raasid.models.context.baselines import ContextGeometry, ContextMajority
from raasid.models.context.module import ContextModule
from raasid.pipeline.adapters.context import track_source
from raasid.pipeline.evaluation import evaluate_model
from raasid.pipeline.model_refs import resolve_checkpoint
from raasid.pipeline.train import train
from raasid.pipeline.verb_configs import TrainConfig
from raasid.stats.bootstrap import Estimate, Floats, bootstrap
from raasid.synthetic.shifts.registry import SHIFTS, build_shift
from raasid.training.fit import build_trainer

NAMES = ("majority", "geometry", "ball", "pose", "both")
TRAINED = NAMES[2:]
CLAIMED = ("balanced_accuracy", "accuracy", "macro_f1")
NEAR_MISS = "scenario_near_miss"
NONE = "none"
OTHER_LEAGUE = 500
"""Seed of the league of the shift suites: none of its scenes has been trained on."""
_SEED = 1


@dataclass(frozen=True)
class Bench:
    """What all runs have in common."""

    folder: Path
    overrides: tuple[str, ...]

    def config(self, *more: str) -> TrainConfig:
        """The configuration of a run."""
        return compose("train", TrainConfig, ["experiment=context", *self.overrides, *more])

    def trained(self, inputs: str) -> Path:
        """Checkpoint of the transformer that sees these inputs; trained only once."""
        run = self.folder / inputs
        best = run / "checkpoints" / "best.ckpt"
        if not best.is_file():
            run.mkdir(parents=True, exist_ok=True)
            err().print(f"training: model.inputs={inputs}, in {run}", markup=False)
            logs = f"paths.logs={self.folder / 'logs'}"
            train(self.config(f"model.inputs={inputs}", "test=false", logs), run)
        return best

    def data(
        self, set_label_counts: Callable[[Iterable[Facts]], None], *more: str
    ) -> tuple[ContextDataModule, str]:
        """The held-out clips of a configuration, and whose tracks they are."""
        cfg = self.config("data.tracks.extra_clips=0", *more)
        section, upstream = track_source(cfg.data, cfg.paths)
        frames, players = cfg.model.frames, cfg.model.players  # type: ignore[union-attr]
        data = build_context_datamodule(
            section, cfg.paths, _SEED, frames, players, upstream, set_label_counts
        )
        return data, str(section.tracks.source)

    def judged(self, model: ContextModule, data: ContextDataModule) -> ContextResult:
        """Judge one model as `raasid evaluate` does."""
        trainer = build_trainer(self.config().trainer, self.folder, [ContextValidation()])
        result = evaluate_model(trainer, model, data, "test")
        assert isinstance(result, ContextResult)
        return result


def models(bench: Bench, checkpoints: dict[str, Path]) -> dict[str, ContextModule]:
    """The five, in the order in which they should stand."""
    found: dict[str, ContextModule] = {"majority": ContextMajority(), "geometry": ContextGeometry()}
    for name in TRAINED:
        model, _ = load_trained_model(checkpoints.get(name) or bench.trained(name))
        assert isinstance(model, ContextModule)
        found[name] = model
    return found


def table(bench: Bench, judges: dict[str, ContextModule]) -> tuple[dict[str, ContextResult], str]:
    """Judge all on the preset's held-out matches, and print what came out."""
    counted = judges["majority"]
    data, source = bench.data(counted.set_label_counts)
    results = {name: bench.judged(model, data) for name, model in judges.items()}
    print(f"{results['both'].description}; in brackets: 95 %, matches resampled\n")
    metrics = ("accuracy", "balanced_accuracy", "macro_precision", "ece", "season_flips")
    head = (
        "model",
        "accuracy",
        "balanced (macro recall)",
        "macro precision",
        "ECE",
        "season flips",
        "near misses",
    )
    rows = []
    for name, result in results.items():
        near = next((part for part in result.slices if part.name == NEAR_MISS), None)
        cells = [show(result[metric]) for metric in metrics]
        rows.append([name, *cells, show(near.estimates["accuracy"]) if near else "–"])
    print_table(head, rows)
    print()
    gains = []
    for before, after in pairwise(NAMES):
        both = results[before].outcomes, results[after].outcomes
        gains.append(
            [
                f"{after} over {before}",
                *(show(paired_difference(*both, metric)) for metric in metrics[:2]),
            ]
        )
    print_table(("on the same clips", "accuracy gained", "balanced accuracy gained"), gains)
    on_truth_rows = [[name, *(show(e) for e in on_truth(result))] for name, result in results.items()]
    if any(cell != "–" for row in on_truth_rows for cell in row[1:]):
        print()
        print_table(("on annotated tracks", "accuracy", "ECE"), on_truth_rows)
    print(f"\nseason flips, given the annotated facts: {show(results['both']['season_flips_given_facts'])}")
    return results, source


def shifts(
    bench: Bench, judges: dict[str, ContextModule], suites: Sequence[str], intensity: int, matches: int
) -> dict[str, dict[str, Estimate]]:
    """Judge all under each suite, and print a row for each."""
    league = (
        f"data.league_seed={OTHER_LEAGUE}", f"data.matches={matches + 2}", "data.val_matches=1",
        f"data.test_matches={matches}",
    )  # fmt: skip
    found: dict[str, dict[str, Estimate]] = {}
    outcomes: dict[str, list[ClipOutcome]] = {name: [] for name in judges}
    for suite in (NONE, *suites):
        shift = [] if suite == NONE else [f"data.shift={suite}", f"data.shift_intensity={intensity}"]
        data, _ = bench.data(lambda facts: None, *league, *shift, *edition_of(suite, intensity))
        err().print(f"shift suite: {suite}", markup=False)
        results = {name: bench.judged(model, data) for name, model in judges.items()}
        found[suite] = {name: result["accuracy"] for name, result in results.items()}
        for name, result in results.items():
            outcomes[name] += sorted(result.outcomes, key=lambda outcome: outcome.ref.key)
        print(
            f"{suite:<16}" + "  ".join(f"{name} {show(row)}" for name, row in found[suite].items()),
            flush=True,
        )
    print(f"\naccuracy under shifts of intensity {intensity}, {matches} further matches each\n")
    print_table(("suite", *NAMES), [[suite, *map(show, row.values())] for suite, row in found.items()])
    over_all(outcomes)
    return found


def over_all(outcomes: dict[str, list[ClipOutcome]]) -> None:
    """Print balanced accuracies over all suites, and what each gains over the one before it."""
    measured = {name: decision_metrics(its) for name, its in outcomes.items()}

    def balanced(weights: Floats) -> dict[str, Floats]:
        values = {name: metrics(weights)["balanced_accuracy"] for name, metrics in measured.items()}
        return values | {f"{b} over {a}": values[b] - values[a] for a, b in pairwise(NAMES)}

    first = outcomes[NAMES[0]]
    estimates = bootstrap([outcome.match for outcome in first], balanced)
    print(f"\nall suites, {len(first)} clips\n")
    print_table(("", "balanced accuracy"), [[name, show(found)] for name, found in estimates.items()])


def edition_of(suite: str, intensity: int) -> list[str]:
    """The wording by which a suite's clips are ruled, where it brings its own."""
    if suite != "law_change":
        return []
    _, clip = build_shift(suite, intensity).change_clip([], Clip("", (), Provenance("")))
    return [f"data.tracks.edition='{clip.provenance.law_edition}'"]


def on_truth(result: ContextResult) -> list[Estimate | None]:
    """Accuracy and ECE on annotated tracks, where these were looked at too."""
    return [result.estimates.get(f"{name}_truth_tracks") for name in ("accuracy", "ece")]


def show(estimate: Estimate | None) -> str:
    """A value with its interval."""
    if estimate is None or estimate.value != estimate.value:
        return "–"
    if estimate.low != estimate.low:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("logs/context_table"))
    parser.add_argument("--ball", default="newest", help="checkpoint of the ball model")
    parser.add_argument("--pose", default="newest", help="checkpoint of the pose model")
    parser.add_argument("--source", choices=("predicted", "truth", "noisy"), default="predicted")
    parser.add_argument(
        "--ckpt", action="append", default=[], metavar="NAME=FILE", help=f"of {', '.join(TRAINED)}"
    )
    parser.add_argument(
        "--suites", nargs="*", default=list(SHIFTS), help="shift suites; none: leave them out"
    )
    parser.add_argument("--intensity", type=int, default=2)
    parser.add_argument("--shift-matches", type=int, default=4, help="held-out matches per suite")
    parser.add_argument(
        "--by", choices=("balanced_accuracy", "accuracy", "macro_f1"), default="balanced_accuracy"
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="overrides of the preset")
    args = parser.parse_args()

    overrides = [*args.set, f"data.tracks.source={args.source}"]
    if args.source == "predicted":
        logs = Path(compose("train", TrainConfig, ["experiment=context", *args.set]).paths.logs)
        overrides += [f"data.tracks.ball={resolve_checkpoint(args.ball, logs, 'ball').absolute()}"]
        overrides += [f"data.tracks.pose={resolve_checkpoint(args.pose, logs, 'pose').absolute()}"]
    bench = Bench(args.folder.absolute(), tuple(overrides))
    checkpoints = {name: Path(file) for name, file in (given.split("=", 1) for given in args.ckpt)}
    judges = models(bench, checkpoints)
    results, source = table(bench, judges)
    figures: dict[str, Any] = {
        name: {metric: asdict(e) for metric, e in result.estimates.items()}
        for name, result in results.items()
    }
    if args.suites:
        under = shifts(bench, judges, args.suites, args.intensity, args.shift_matches)
        figures["shifts"] = {s: {n: asdict(e) for n, e in row.items()} for s, row in under.items()}
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")

    holds = False
    for metric in ("accuracy", args.by):
        holds, line = order([results[name][metric].value for name in NAMES])
        print(f"\n{metric} on {source} tracks, {'in order' if holds else 'not in order'}: {line}")
    return int(not holds)


def order(values: Sequence[float]) -> tuple[bool, str]:
    """Whether each is above the one before, and how they stand."""
    line = f"{NAMES[0]} {values[0]:.3f}"
    for name, (before, after) in zip(NAMES[1:], pairwise(values), strict=True):
        line += f" {'<' if before < after else '>' if before > after else '='} {name} {after:.3f}"
    return all(before < after for before, after in pairwise(values)), line


if __name__ == "__main__":
    raise SystemExit(main())
