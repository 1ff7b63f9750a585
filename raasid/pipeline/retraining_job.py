"""One retraining for one decision: train, compare, put in service, record.

Each step finds what an earlier process has done: a retraining that was killed is continued by the next call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from raasid.console.terminal import out
from raasid.deploy.options import DeployConfig
from raasid.deploy.verdict import GateRefused, GateVerdict
from raasid.errors import UsageError
from raasid.io.atomic import append, atomic_path
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.gate import judge_challenger
from raasid.pipeline.model_refs import load_registered
from raasid.pipeline.train import train_model
from raasid.pipeline.verb_configs import CheckConfig, TrainConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Route
from raasid.registry.registry import Registry
from raasid.training.run_record import read_run
from raasid.triggers.claims import Claim
from raasid.triggers.decision_record import Decision
from raasid.triggers.retraining_history import Retraining

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
    score: float | None = None

    def __post_init__(self) -> None:
        """Train for the edition that the decision names: facts stay, and the labels follow from it."""
        if (
            self.decision.action == "full"
            and self.decision.edition
            and self.checked.entry.task.name == "context"
        ):
            tracks = self.training.data.tracks.model_copy(update={"edition": self.decision.edition})
            data = self.training.data.model_copy(update={"tracks": tracks})
            self.training = self.training.model_copy(update={"data": data})

    @property
    def model(self) -> str:
        """Registry name."""
        return self.checked.entry.model

    @property
    def _starts_from_champion(self) -> bool:
        return self.decision.action != "full" and self.checked.champion is not None

    def run(self, run_dir: Path) -> GateRefused | None:
        """Train, compare, put in service and record; return the gate's refusal, if it refuses."""
        self._note("begin", f"{self.decision.action} because {self.decision.reason}")
        version = self._train(run_dir)
        self.claim.check()
        verdict = self._compare(version)
        promoted = verdict is not None and verdict.passed and self.deploy is not None
        if promoted:
            self._put_in_service(version)
        self._finish(run_dir, version, verdict, promoted)
        return None if verdict is None or verdict.passed else GateRefused(verdict)

    def _train(self, run_dir: Path) -> Version:
        record = read_run(run_dir)
        if record is None or record.finished is None:
            last = run_dir / "checkpoints" / "last.ckpt"
            update = {"ckpt_path": str(last.absolute()) if last.is_file() else None, "register_": True}
            cfg = self.training.model_copy(update=update)
            if self._starts_from_champion:
                cfg = cfg.model_copy(update={"model": self._from_champion(cfg)})
            self._note("train", str(run_dir))
            run_dir.mkdir(parents=True, exist_ok=True)
            self.score = train_model(cfg, run_dir)
            record = read_run(run_dir)
        if record is None or record.version is None:
            raise UsageError(f"{run_dir}: no version was registered; leave test and register at true")
        version = Version.parse(record.version.partition(" ")[2])
        self._note("registered", record.version)
        return version

    def _from_champion(self, cfg: TrainConfig) -> object:
        """Return the model section, initialised with the champion's weights."""
        path = self.folder / "champion.ckpt"
        if not path.is_file():
            champion = load_registered(f"{self.model}@{self.checked.champion}", cfg.paths)
            content = {"state_dict": champion.module.state_dict(), "config": champion.trained}
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                torch.save(content, file)
        return cfg.model.model_copy(update={"init_from": path})

    def _compare(self, version: Version) -> GateVerdict | None:
        """Compare the new version with the champion on the test split of the training's data."""
        if self.deploy is None or self.checked.champion is None:
            return None
        champion = VersionRef(self.model, self.checked.champion)
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
        self._note("gate", verdict.reason)
        return verdict

    def _put_in_service(self, version: Version) -> None:
        registry = Registry(self.check.paths.registry)
        reason = f"passed the gate, after {self.decision.trigger} asked for it"
        if registry.alias(self.model, CHAMPION) != version:
            expected = str(self.checked.champion)
            registry.set_alias(self.model, CHAMPION, version, reason, expect=expected)
        table = registry.routes()
        others = [route for route in (table.routes if table else ()) if route.name != self.model]
        route = Route(edition=ANY_EDITION, name=self.model, version=str(version), share=1.0)
        if table is None or route not in table.routes:
            registry.switch_routes([*others, route], reason, expect=0 if table is None else table.seq)
        self._note("champion", str(version))
        out().print(f"{self.model} {version} is champion")

    def _finish(self, run_dir: Path, version: Version, verdict: GateVerdict | None, promoted: bool) -> None:
        record = read_run(run_dir)
        assert record is not None
        lineage = json.loads((run_dir / "lineage.json").read_text(encoding="utf-8"))
        overall = next((row for row in verdict.rows if row.rule == "overall"), None) if verdict else None
        now = datetime.now(UTC)
        hours = (now - datetime.fromisoformat(record.started)).total_seconds() / 3600
        done = Retraining(
            model=self.model,
            decision=self.decision.digest,
            trigger=self.decision.trigger,
            action=self.decision.action or "immediate",
            started=record.started,
            ended=now.isoformat(timespec="seconds"),
            champion=None if self.checked.champion is None else str(self.checked.champion),
            version=str(version),
            promoted=promoted,
            before=None if overall is None else overall.champion,
            after=None if overall is None else overall.challenger,
            data_digest=self.decision.inputs.get("labels", lineage["data"]["labels_sha256"]),
            gpu_hours=hours,
        )
        self._note("end", "promoted" if promoted else "the champion stays")
        self.claim.finish(done)

    def _note(self, step: str, what: str) -> None:
        """Append a line to the journal, for people."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "step": step, "what": what}
        append(self.folder / "journal.jsonl", json.dumps(line) + "\n")
