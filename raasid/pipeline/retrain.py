"""`raasid retrain`: check, claim, train, let the gate compare, and put the better version in service.

    RETRAININGS/<model>/<digest>.json           the record of an ended retraining, see `triggers.claims`
    RETRAININGS/<model>/runs/<digest start>/    its folder: journal.jsonl, champion.ckpt, train/, gate.json

A retraining that was killed is continued by the next call: what is done is on the disk.
"""

from __future__ import annotations

from pathlib import Path

from raasid.config.build import build
from raasid.config.compose import compose
from raasid.config.run_dir import quote_path
from raasid.console.terminal import out
from raasid.deploy.verdict import GateRefused
from raasid.io.lease import LeaseHeld
from raasid.pipeline.check import CheckedModel, check_models, print_decisions
from raasid.pipeline.retraining_job import RetrainingJob
from raasid.pipeline.verb_configs import CheckConfig, RetrainConfig, TrainConfig
from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry
from raasid.tasks import TASKS
from raasid.triggers.budget import refusals
from raasid.triggers.claims import ClaimFinished, ClaimStore
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.ready_decisions import ready_decisions, strongest


def retrain(cfg: RetrainConfig, run_dir: Path) -> None:
    """Retrain every model of the schedule that needs it and may be retrained now.

    Raises GateRefused, at the end, if a challenger was refused; LeaseLost, Stopped.
    """
    checked = check_models(cfg, run_dir)
    print_decisions(checked)
    refused = [error for model in checked if (error := _retrain_if_asked(cfg, model))]
    if refused:
        raise refused[0]


def train_if_asked(cfg: TrainConfig, run_dir: Path) -> float | None:
    """Ask the trigger of a training first, and train now if it fires, in the way of its action.

    Returns what `train` does; None where nothing was trained. Raises GateRefused.
    """
    assert cfg.trigger is not None
    name = TASKS[build(cfg.model).task].registry_name
    plain = {"size": None, "eval_scale": None}
    check = CheckConfig(
        trigger=cfg.trigger,
        models=[name],
        data=cfg.data.model_copy(update=plain),
        trainer=cfg.trainer,
        seed=cfg.seed,
        paths=cfg.paths,
    )
    (checked,) = check_models(check, run_dir / "check")
    print_decisions([checked])
    decision = strongest(checked.decisions)
    if decision is None:
        return None
    try:
        with ClaimStore(cfg.paths.retrainings).take(decision) as claim:
            job = RetrainingJob(check, cfg, checked, decision, claim, run_dir, cfg.deploy)
            refused = job.run(run_dir)
    except (LeaseHeld, ClaimFinished) as error:  # nothing is left to do here
        out().print(str(error))
        return None
    if refused is not None:
        raise refused
    return job.score


def _retrain_if_asked(cfg: RetrainConfig, checked: CheckedModel) -> GateRefused | None:
    console, model, now = out(), checked.entry.model, cfg.trigger.now()
    claims = ClaimStore(cfg.paths.retrainings)
    recorded = [stored.decision for stored in DecisionStore(cfg.paths.decisions).newest_first(model)]
    champion = None if checked.champion is None else str(checked.champion)
    found = {each.digest: each for each in [*checked.decisions, *recorded]}
    decision = strongest(ready_decisions(found.values(), claims.history(), champion, now))
    if decision is None:
        return None
    if why := refusals(model, claims.history(), now, cfg.retrain.limits):
        console.print(f"{model}: not now. {' '.join(why)}")
        return None
    if cfg.retrain.dry_run:
        console.print(f"{model}: would be retrained ({decision.action}); retrain.dry_run=true, so it is not")
        return None
    try:
        with claims.take(decision) as claim:
            if Registry(cfg.paths.registry).alias(model, CHAMPION) != checked.champion:
                console.print(f"{model}: another process has changed the champion; the next call checks it")
                return None
            folder = cfg.paths.retrainings / model / "runs" / decision.digest[:12]
            job = RetrainingJob(
                cfg, _training_config(cfg, checked), checked, decision, claim, folder, cfg.deploy
            )
            return job.run(folder / "train")
    except (LeaseHeld, ClaimFinished) as error:  # another process was faster
        console.print(str(error))
        return None


def _training_config(cfg: RetrainConfig, checked: CheckedModel) -> TrainConfig:
    words = cfg.retrain.train.get(checked.entry.model) or [f"experiment={checked.entry.task.name}"]
    folders = {name: getattr(cfg.paths, name) for name in type(cfg.paths).model_fields}
    return compose(
        "train",
        TrainConfig,
        [*words, *(f"paths.{name}={quote_path(path)}" for name, path in folders.items())],
    )
