"""A ball model in service: a registry with its checks and retrainings, in a folder of their own.

The season has one, and so has each of the policies that it is compared with.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from raasid.config.compose import compose
from raasid.deploy.verdict import GateVerdict
from raasid.evaluation.ball.result import BallResult
from raasid.io.atomic import write_atomic
from raasid.pipeline.evaluation import evaluate_named_model
from raasid.pipeline.model_refs import load_registered
from raasid.pipeline.verb_configs import EvaluateConfig
from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry
from raasid.stats.bootstrap import Estimate
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.retraining_history import Retraining

from .amounts import SCHEDULE, Amounts
from .commands import quoted_list, raasid, registry
from .footage import KINDS, Kind

MODEL = "ball_model"


@dataclass(frozen=True, slots=True)
class WeekOfChampion:
    """Which share of the visible balls the version in service found in a week's matches of one kind."""

    week: int
    kind: Kind
    version: str
    detection_rate: Estimate


@dataclass
class BallService:
    """The ball model of one policy."""

    root: Path
    """Folder of the registry, of decisions, retrainings and logs."""
    season: Path
    """Folder of the footage and of the schedule, which all policies share."""
    amounts: Amounts
    weeks: list[WeekOfChampion] = field(default_factory=list)
    seconds: float = 0.0
    """Processor time of the checks and the retrainings."""
    _measured: dict[tuple[str, int], dict[Kind, Estimate]] = field(default_factory=dict)
    """By the digest of a version, and the week; shared by all policies, which begin with the same version."""

    @property
    def store(self) -> Path:
        """The dataset store."""
        return self.season / "store"

    @property
    def champion(self) -> str:
        """The version in service."""
        return str(Registry(self.root / "registry").alias(MODEL, CHAMPION))

    @property
    def retrainings(self) -> list[Retraining]:
        """What was trained after the first version, the oldest first."""
        return ClaimStore(self.root / "retrainings").history(MODEL)

    def copy_to(self, root: Path) -> BallService:
        """Return a service in another folder that begins with the same champion."""
        shutil.copytree(self.root / "registry", root / "registry")
        return BallService(root, self.season, self.amounts, _measured=self._measured)

    def write_schedule(self) -> None:
        """Write the schedule: both models are looked at every week."""
        text = (
            "# The small models of the season, looked at every week.\n"
            "models:\n"
            f"  {MODEL}: {{schedule: weekly, trigger_threshold: {self.amounts.threshold}, "
            "evaluation_metrics: [detection_rate, false_positives]}\n"
            "  context_model: {schedule: weekly, trigger_threshold: 0.5, evaluation_metrics: [accuracy]}\n"
        )
        write_atomic(self.season / SCHEDULE, text)

    def train_first(self, dataset: str) -> None:
        """Train the first champion and put it in service."""
        words = self._training_words(dataset, self.amounts.first_epochs)
        raasid("train", *words, run_dir=self.root / "logs" / "first")
        reason = "the first of the season"
        registry(
            "--registry", str(self.root / "registry"),
            "alias", MODEL, CHAMPION, "latest", "--reason", reason,
        )  # fmt: skip

    def measure_week(self, week: int) -> None:
        """Measure the version in service on a week's matches with `raasid evaluate`; this costs no policy."""
        champion = Registry(self.root / "registry").resolve(MODEL, CHAMPION)
        _, digest = Registry(self.root / "registry").versions(MODEL).manifest_and_digest(champion)
        if (digest, week) not in self._measured:
            run_dir = self.root / "logs" / f"week_{week}_evaluate"
            words = [f"version={MODEL}@{champion}", "register=false", *self.footage_words(f"week_{week}")]
            raasid("evaluate", *words, run_dir=run_dir)
            parts = {part.name: part.estimates for part in BallResult.read(run_dir / "metrics.json").slices}
            rates = {kind: parts[kind]["detection_rate"] for kind in KINDS if kind in parts}
            self._measured[digest, week] = rates
        self.weeks += [
            WeekOfChampion(week, kind, str(champion), rate)
            for kind, rate in self._measured[digest, week].items()
        ]

    def check(self, trigger: str, dataset: str, when: datetime) -> Decision:
        """Let `raasid check` judge the champion on some matches; return its decision."""
        known = {decision.digest for decision in self._decisions()}
        run_dir = self.root / "logs" / f"{when:%Y-%m-%d}_check_{trigger}"
        with self._at_its_cost():
            raasid("check", *self._check_words(trigger, dataset, when), run_dir=run_dir)
        (decision,) = (decision for decision in self._decisions() if decision.digest not in known)
        return decision

    def retrain(self, trigger: str, dataset: str, train_on: str, when: datetime) -> Retraining | None:
        """Let `raasid retrain` act; return what it did, None if it did nothing.

        dataset: the newest matches, which are checked. train_on: all that has labels by then.
        """
        before, amounts = len(self.retrainings), self.amounts
        words = quoted_list(self._training_words(train_on, amounts.epochs))
        with self._at_its_cost():
            raasid(
                "retrain",
                *self._check_words(trigger, dataset, when),
                f"retrain.train={{{MODEL}: {words}}}",
                *gate_words(amounts),
                # a net as small as this forgets more than a larger one
                "retrain.incremental.replay=0.67",
                "retrain.incremental.lr_factor=1.0",
                run_dir=self.root / "logs" / f"{when:%Y-%m-%d}_retrain_{trigger}",
            )
        done = self.retrainings
        return done[-1] if len(done) > before else None

    def verdict_of(self, done: Retraining) -> GateVerdict:
        """Return what the gate found in a retraining."""
        return read_verdict(self.root, done)

    def measure(self, version: str, dataset: str) -> BallResult:
        """Measure a version on the test matches of a dataset; the result holds the outcome of every frame."""
        name = f"{MODEL}@{version}"
        cfg = compose("evaluate", EvaluateConfig, [f"version={name}", *self.footage_words(dataset)])
        model = load_registered(name, cfg.paths)
        run_dir = self.root / "logs" / f"measure_{dataset}_{version}"
        result, _ = evaluate_named_model(model, cfg.data, cfg.paths, cfg.trainer, "test", cfg.seed, run_dir)
        assert isinstance(result, BallResult)
        return result

    def footage_words(self, dataset: str) -> list[str]:
        """Return the overrides that name a stored dataset and the folders."""
        folders = [f"paths.root={self.root}", f"paths.data={self.season}/data", f"paths.store={self.store}"]
        return [*dataset_words(self.store, dataset), *folders]

    def _training_words(self, dataset: str, epochs: int) -> list[str]:
        """Return the overrides of a training of the small ball model.

        Nothing imitates other light, so that what a model knows of the night is what it has seen of it.
        """
        amounts = self.amounts
        return [
            *self.footage_words(dataset),
            "data.size=[320,184]", "data.eval_scale=1.0", "data.crop=96", "data.batch_size=32",
            "data.augment.zoom=0.2", "data.augment.spots=0", "data.augment.blur=0", "data.augment.noise=0",
            "data.augment.brightness=0", "data.augment.contrast=0", "data.augment.color=0",
            f"data.samples_per_epoch={amounts.samples}", f"model.channels={amounts.channels}",
            "model.max_false_positives=0.2",
            "optimizer=muon", "optimizer.lr=0.006",
            f"trainer.max_epochs={epochs}", f"trainer.check_val_every_n_epoch={epochs}",
        ]  # fmt: skip

    def _check_words(self, trigger: str, dataset: str, when: datetime) -> list[str]:
        return [
            *self.footage_words(dataset),
            f"models=[{MODEL}]",
            f"trigger={trigger}",
            *time_words(self.season, when),
            f"trigger.performance.min_matches={self.amounts.min_matches}",
        ]

    def _decisions(self) -> list[Decision]:
        store = DecisionStore(self.root / "decisions")
        return [stored.decision for stored in store.newest_first(MODEL)]

    @contextmanager
    def _at_its_cost(self) -> Iterator[None]:
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds += time.process_time() - start


def dataset_words(store: Path, dataset: str) -> list[str]:
    """Return the overrides that name a stored dataset."""
    return ["data=store", f"data.dataset={dataset}", f"data.root={store}", "data.league=null"]


def time_words(season: Path, when: datetime) -> list[str]:
    """Return the overrides of schedule and time."""
    return [f"trigger.schedule={season / SCHEDULE}", f"trigger.as_of={when.isoformat()}"]


def gate_words(amounts: Amounts) -> list[str]:
    """Return the overrides of the gate.

    False balls may double: a version that sees hardly anything at night is hardly ever wrong there, either.
    """
    return [
        "deploy.gate.limits.false_positives_per_minute=1.0",
        f"deploy.gate.min_matches={amounts.min_matches}",
        f"deploy.gate.margin={amounts.margin}",
        f"deploy.gate.anchor_margin={max(0.03, amounts.margin)}",
    ]


def read_verdict(root: Path, done: Retraining) -> GateVerdict:
    """Return what the gate found in a retraining."""
    folder = root / "retrainings" / done.model / "runs" / done.decision[:12]
    return GateVerdict.from_json((folder / "gate.json").read_bytes())
