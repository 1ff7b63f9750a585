"""One retraining for one decision: train, compare, put in service, record.

Each step finds what an earlier process has done: a retraining that was killed is continued by the next call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from raasid.console.terminal import out
from raasid.deploy.anchor import update_anchor
from raasid.deploy.options import DeployConfig
from raasid.deploy.verdict import GateRefused, GateVerdict
from raasid.errors import UsageError
from raasid.io.atomic import write_atomic
from raasid.packaging.tensors import WEIGHTS
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.gate import judge_challenger
from raasid.pipeline.resume import ResumeRefused
from raasid.pipeline.train import train_model
from raasid.pipeline.training_job import Cluster, TrainingJobs
from raasid.pipeline.training_plan import plan_training
from raasid.pipeline.upstream_models import track_by_champions
from raasid.pipeline.verb_configs import CheckConfig, TrainConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Route
from raasid.registry.registry import Registry
from raasid.training.config import TrainerConfig
from raasid.training.run_record import read_run
from raasid.triggers.claims import Claim
from raasid.triggers.decision_record import Decision
from raasid.triggers.journal import Journal
from raasid.triggers.options import IncrementalOptions
from raasid.triggers.retraining_history import Retraining

if TYPE_CHECKING:
    from raasid.pipeline.retraining_sweep import Tuning

ANY_EDITION = "*"


@dataclass
class RetrainingJob:
    """One retraining for one decision, in steps that each find what an earlier process has done."""

    check: CheckConfig
    """How champions are measured."""
    training: TrainConfig
    checked: CheckedModel
    decision: Decision
    claim: Claim
    folder: Path
    deploy: DeployConfig | None
    incremental: IncrementalOptions = field(default_factory=IncrementalOptions)
    tuning: Tuning | None = None
    """A sweep whose best trial is the training; None: it is trained as it is configured."""
    cluster: Cluster | None = None
    """Where the training is submitted as a job; None: it runs in this process."""
    score: float | None = None

    def __post_init__(self) -> None:
        """Open the journal."""
        self.journal = Journal(self.folder)
        self.jobs = TrainingJobs(self.folder, self.training.paths.logs, self.claim, self.journal)

    @property
    def model(self) -> str:
        """Registry name."""
        return self.checked.entry.model

    @property
    def _reason(self) -> str:
        """What the registry says of the version, and of its alias."""
        found = self.decision
        return f"{found.trigger} asked for a retraining ({found.action}), decision {found.digest[:12]}"

    @property
    def _starts_from_champion(self) -> bool:
        return self.decision.action != "full" and self.checked.champion is not None

    def run(self, run_dir: Path) -> GateRefused | None:
        """Train, compare, put in service and record; return the gate's refusal, if it refuses."""
        self.jobs.wait_for_earlier()
        finished = find_finished_training(self.folder)
        run_dir = run_dir if finished is None else finished[0]
        trained = {run_dir, *(Path(line["what"]) for line in self.journal.lines("train"))}
        trained |= {*self.folder.glob("sweep/*/[0-9]*")}
        alive = [file for each in trained for file in (*each.glob(".owner/*"), *each.glob("checkpoints/*"))]
        self.journal.begin(f"{self.decision.action} because {self.decision.reason}", alive)
        self.training = self._planned(self.training)
        if self.tuning is not None and finished is None:
            run_dir = self._tune(self.tuning)
        else:
            self._train(run_dir)
        version = self._registered(run_dir)
        self.claim.check()
        verdict = self._compare(version)
        promoted = verdict is not None and verdict.passed and self.deploy is not None
        if promoted:
            self._put_in_service(version)
        self._finish(run_dir, version, verdict, promoted)
        return None if verdict is None or verdict.passed else GateRefused(verdict)

    def _planned(self, training: TrainConfig) -> TrainConfig:
        """Return a training with what the decision settles: what is trained on, how fast, from where."""
        champion = None if self.checked.champion is None else VersionRef(self.model, self.checked.champion)
        task = self.checked.entry.task.name
        training = plan_training(
            training, self.decision, task, champion, self.incremental, self.folder, self.journal
        )
        if task == "context":  # on the tracks that it will get in service
            data = track_by_champions(training.data, Registry(self.check.paths.registry))
            training = training.model_copy(update={"data": data})
        if self._starts_from_champion:
            training = training.model_copy(update={"model": self._from_champion(training)})
        return training.model_copy(update={"register_": True})

    def _tune(self, tuning: Tuning) -> Path:
        """Search hyperparameters, register the best trial, and return its run directory."""
        from raasid.pipeline.sweep_registration import register_trial

        def train(cfg: TrainConfig, run_dir: Path) -> float | None:
            return train_model(self._planned(cfg), run_dir)

        if settled := bool(self.journal.lines("sweep")):  # by a process that was killed when it registered
            tuning = replace(tuning, max_hours=0.0)
        tuned = tuning.run(self.folder / "sweep", train, self._hours)
        cfg = self._planned(tuning.compose(tuned.overrides))
        study, metric = tuned.best.to_lineage(cfg.optimized_metric), cfg.optimized_metric
        if not settled:
            self.journal.note("sweep", f"{tuned.best.describe()}: {metric} {tuned.best.value:.6g}")
        self.journal.note("train", str(tuned.run_dir.absolute()))
        register_trial(cfg, tuned.run_dir, study, f"{self._reason}; {tuned.best.describe()}")
        self.score = tuned.best.value
        return tuned.run_dir

    def _train(self, run_dir: Path) -> None:
        record = read_run(run_dir)
        if record is None or record.finished is None:
            cfg = self.training
            self.journal.note("train", str(run_dir.absolute()))
            try:
                self.score = self._train_from_last(cfg, run_dir)
            except ResumeRefused as error:
                changed = "; ".join(line.strip() for line in str(error).splitlines()[1:-1])
                self.journal.note("restart", f"it was configured in another way: {changed}")
                number = len(self.journal.lines("restart"))
                run_dir.rename(run_dir.with_name(f"{run_dir.name}.{number}"))
                self.score = self._train_from_last(cfg, run_dir)

    def _registered(self, run_dir: Path) -> Version:
        """Return the version of a training that has ended, and note it."""
        record = read_run(run_dir)
        if record is None or record.version is None:
            raise UsageError(f"{run_dir}: no version was registered; leave test and register at true")
        version = Version.parse(record.version.partition(" ")[2])
        self.journal.note("registered", record.version)
        return version

    def _train_from_last(self, cfg: TrainConfig, run_dir: Path) -> float | None:
        """Train; where a process was killed, from its last checkpoint on."""
        run_dir.mkdir(parents=True, exist_ok=True)
        last = run_dir / "checkpoints" / "last.ckpt"
        start = str(last.absolute()) if last.exists() else None  # a sharded one is a folder
        cfg = cfg.model_copy(update={"ckpt_path": start})
        if self.cluster is None:
            return train_model(cfg, run_dir, self._reason)
        return self.jobs.train(self.cluster, cfg, run_dir, self._reason)

    def _from_champion(self, cfg: TrainConfig) -> object:
        """Return the model section, initialised with the champion's weights."""
        assert self.checked.champion is not None
        path = self.folder / "champion.safetensors"  # as registered, so that the lineage leads to the version
        if not path.is_file():
            registry = Registry(cfg.paths.registry)
            write_atomic(path, registry.read(self.model, self.checked.champion, WEIGHTS))
        return cfg.model.model_copy(update={"init_from": path})

    def _compare(self, version: Version) -> GateVerdict | None:
        """Compare the new version with the champion on the test split of the training's data."""
        if self.deploy is None or self.checked.champion is None:
            return None
        champion = VersionRef(self.model, self.checked.champion)
        if (verdict := self._earlier_verdict(version)) is not None:
            update_anchor(Registry(self.check.paths.registry), self.model, champion.version, version, verdict)
            return verdict
        verdict = judge_challenger(
            self.check,
            self.training.data,
            self.deploy.gate,
            champion,
            VersionRef(self.model, version),
            [champion] if self._starts_from_champion else [],
            self.folder,
            f"retraining for decision {self.decision.digest[:12]}",
        )
        verdict.print()
        self.journal.note("gate", verdict.reason)
        return verdict

    def _earlier_verdict(self, version: Version) -> GateVerdict | None:
        """Return what the gate found for an earlier process; times that it measures would be others now."""
        judged = {line["what"] for line in self.journal.lines("registered")}
        try:
            verdict = GateVerdict.from_json((self.folder / "gate.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return verdict if judged == {f"{self.model} {version}"} else None

    def _put_in_service(self, version: Version) -> None:
        registry = Registry(self.check.paths.registry)
        reason = f"passed the gate: {self._reason}"
        current = registry.alias(self.model, CHAMPION)
        if current != version and self._was_champion(registry, version):
            out().print(
                f"{self.model} {version} became champion, but the alias was since changed to {current}"
            )
            return
        if current != version:
            expected = str(self.checked.champion)
            registry.set_alias(self.model, CHAMPION, version, reason, expect=expected)
        table = registry.routes()
        others = [route for route in (table.routes if table else ()) if route.name != self.model]
        route = Route(edition=ANY_EDITION, name=self.model, version=str(version), share=1.0)
        if table is None or route not in table.routes:
            registry.switch_routes([*others, route], reason, expect=0 if table is None else table.seq)
        self.journal.note("champion", str(version))
        out().print(f"{self.model} {version} is champion")

    def _was_champion(self, registry: Registry, version: Version) -> bool:
        history = registry.alias_history(self.model, CHAMPION).newest_first()
        return any(record.body["version"] == str(version) for record in history)

    def _finish(self, run_dir: Path, version: Version, verdict: GateVerdict | None, promoted: bool) -> None:
        lineage = json.loads((run_dir / "lineage.json").read_text(encoding="utf-8"))
        overall = next((row for row in verdict.rows if row.rule == "overall"), None) if verdict else None
        started, ended = self._times()
        done = Retraining(
            model=self.model,
            decision=self.decision.digest,
            trigger=self.decision.trigger,
            action=self.decision.action or "immediate",
            started=started,
            ended=ended,
            champion=None if self.checked.champion is None else str(self.checked.champion),
            version=str(version),
            promoted=promoted,
            before=None if overall is None else overall.champion,
            after=None if overall is None else overall.challenger,
            data_digest=self.decision.inputs.get("labels", lineage["data"]["labels_sha256"]),
            gpu_hours=self._hours(),
        )
        self.journal.note("end", "promoted" if promoted else "the champion stays")
        self.claim.finish(done)

    def _hours(self) -> float:
        """Return device hours; of a training on a cluster those of its jobs, without the queue."""
        if in_jobs := self.jobs.worked_s():
            devices = 1 if self.cluster is None else self.cluster.devices
            return in_jobs / 3600 * devices
        return self.journal.worked().total_seconds() / 3600 * _count_devices(self.training.trainer)

    def _times(self) -> tuple[str, str]:
        """Return begin and end; both are the time that was decided for, where that is not now."""
        trigger, begins = self.check.trigger, self.journal.lines("begin")
        ended = trigger.now().isoformat(timespec="seconds")
        return (begins[0]["time"] if trigger.as_of is None and begins else ended), ended


def find_finished_training(folder: Path) -> tuple[Path, Version] | None:
    """Return the run directory and the version of a retraining's training that an earlier process finished.

    folder: of the retraining. Its training is somewhere else where `train.py` asked for it.
    """
    for run_dir in [folder / "train", *(Path(line["what"]) for line in Journal(folder).lines("train"))]:
        record = read_run(run_dir)
        if record is not None and record.version is not None:
            return run_dir, Version.parse(record.version.partition(" ")[2])
    return None


def _count_devices(trainer: TrainerConfig) -> int:
    """Return the number of GPUs, or of processes, that a training is given."""
    devices = trainer.devices
    if isinstance(devices, str):
        listed = [int(each) for each in devices.split(",") if each] if devices != "auto" else [-1]
        devices = listed if "," in devices else listed[0]
    found = len(devices) if isinstance(devices, list) else devices
    gpus = 1 if trainer.accelerator == "cpu" else torch.cuda.device_count()
    return max(1, gpus if found < 0 else found) * trainer.num_nodes
