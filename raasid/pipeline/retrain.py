"""`raasid retrain`: check, claim, train, let the gate compare, and put the better version in service.

    RETRAININGS/<model>/<digest>.json           the record of an ended retraining, see `triggers.claims`
    RETRAININGS/<model>/runs/<digest start>/    its folder: journal, the champion's weights, train/, gate.json

A retraining that was killed is continued by the next call: what is done is on the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from raasid.config.build import build
from raasid.config.compose import compose
from raasid.config.run_dir import quote_path
from raasid.console.terminal import err, out
from raasid.errors import UsageError
from raasid.io.lease import LeaseHeld
from raasid.pipeline.check import CheckedModel, check_models, hold_if_futile
from raasid.pipeline.checked_footage import stored_version
from raasid.pipeline.collect import collect_first
from raasid.pipeline.decision_summary import RetrainOutcome, print_decisions, print_json, require_intact
from raasid.pipeline.replay import FootageLacking
from raasid.pipeline.retraining_job import RetrainingJob, find_finished_training
from raasid.pipeline.training_job import Cluster, chosen_cluster
from raasid.pipeline.verb_configs import CheckConfig, RetrainConfig, TrainConfig
from raasid.registry.names import CHAMPION, Version
from raasid.registry.registry import Registry
from raasid.tasks import TASKS, TaskName
from raasid.triggers.budget import hours_left, refusals
from raasid.triggers.claims import ClaimFinished, ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.ready_decisions import ready_decisions, strongest
from raasid.triggers.retraining_history import Retraining

if TYPE_CHECKING:
    from raasid.pipeline.retraining_sweep import Tuning


def retrain(cfg: RetrainConfig, run_dir: Path) -> None:
    """Collect new footage, if wanted, and retrain every model of the schedule that needs it and may be now.

    A model is left out if one of its records is damaged, or if footage for its retraining is lacking.
    With hydra/launcher=slurm trainings are jobs, for which this process waits.
    Raises UsageError for a preset of `retrain.sweep` that does not fit, before anything is done; at the end,
    ModelsLeftOut, FootageLacking or, if a challenger was refused, GateRefused; CollectionFailed, LeaseLost,
    TuningFailed, Stopped.
    """
    cluster = chosen_cluster()
    if cfg.retrain.sweep is not None:
        if cluster is not None:
            raise UsageError(
                f"hydra/launcher={cluster.launcher}: a retraining that is tuned runs its trials in one "
                "process; submit it as a whole: raasid submit retrain retrain.sweep=…"
            )
        for tuning in _tunings(cfg).values():
            tuning.check()
    if cfg.retrain.collect is not None and not cfg.retrain.dry_run:
        collect_first(cfg.retrain.collect, cfg.paths, run_dir / "collect")
    checked = check_models(cfg, run_dir)
    print_decisions(checked)
    left_out: list[Any] = []
    outcomes = {model.entry.model: _retrain_if_asked(cfg, model, left_out, cluster) for model in checked}
    warnings = [*dict.fromkeys(f"left out: {error}" for error in left_out)]
    for warning in warnings:
        err().print(f"warning: {warning}", markup=False)
    if cfg.print_json:
        print_json(checked, outcomes, warnings)
    require_intact(checked)
    for error in [*(each.error for each in outcomes.values()), *(each.refused for each in outcomes.values())]:
        if error is not None:
            raise error


def train_if_asked(cfg: TrainConfig, run_dir: Path) -> float | None:
    """Ask the trigger of a training first, and train now if it fires, in the way of its action.

    Returns what `train` does; None where nothing was trained. Raises GateRefused, ModelsLeftOut.
    """
    assert cfg.trigger is not None
    cluster = chosen_cluster()
    name = TASKS[build(cfg.model).task].registry_name
    data, late = cfg.data.model_copy(update={"size": None, "eval_scale": None}), cfg.trigger.data
    check = CheckConfig(
        trigger=cfg.trigger.model_copy(update={"data": None}),
        models=[name],
        data=data if late is None else stored_version(late, data, Path(cfg.paths.store)),
        trainer=cfg.trainer,
        seed=cfg.seed,
        paths=cfg.paths,
    )
    (checked,) = check_models(check, run_dir / "check")
    print_decisions([checked])
    require_intact([checked])
    decision = strongest(checked.decisions)
    if decision is None:
        return None
    try:
        with ClaimStore(cfg.paths.retrainings).take(decision) as claim:
            folder = _folder(cfg.paths.retrainings, decision)
            job = RetrainingJob(
                check, cfg, checked, decision, claim, folder, cfg.deploy, cfg.retrain.incremental
            )
            job.cluster = cluster
            refused = job.run(run_dir)
    except (LeaseHeld, ClaimFinished) as error:  # nothing is left to do here
        out().print(str(error))
        return None
    if refused is not None:
        raise refused
    return job.score


def _retrain_if_asked(
    cfg: RetrainConfig, checked: CheckedModel, left_out: list[Any], cluster: Cluster | None = None
) -> RetrainOutcome:
    """Retrain one model if need be. left_out: takes up damaged records that the others do without."""
    if checked.damage is not None:
        return RetrainOutcome("damaged", str(checked.damage))
    model, now = checked.entry.model, cfg.trigger.now()
    stored = DecisionStore(cfg.paths.decisions).newest_first(model, left_out)
    champion = None if checked.champion is None else str(checked.champion)
    recorded = [each.decision for each in stored]
    history = ClaimStore(cfg.paths.retrainings).history(damage=left_out)
    promoted = _find_unrecorded(cfg, recorded, history, champion)
    begun = [each for each in recorded if _folder(cfg.paths.retrainings, each).is_dir()]
    pending = [hold_if_futile(cfg, checked.entry, each)[0] for each in recorded if each.action == "scheduled"]
    found = {each.digest: each for each in [*begun, *checked.decisions, *pending]}
    decision = promoted or strongest(ready_decisions(found.values(), history, champion, now))
    if decision is None:
        return _nothing(checked, history)
    if promoted is None and (why := refusals(model, history, now, cfg.retrain.limits)):
        return _say("not_now", f"{model}: not now. {' '.join(why)}")
    if cfg.retrain.dry_run:
        return _say(
            "dry_run", f"{model}: would be retrained ({decision.action}); retrain.dry_run=true, so it is not"
        )
    return _act(cfg, checked, decision, cluster)


def _nothing(checked: CheckedModel, history: Sequence[Retraining]) -> RetrainOutcome:
    """Say why nothing is done although a decision asks for it."""
    asked = {each.digest for each in checked.decisions if each.verdict == "fire"}
    for past in history:
        if past.decision in asked:
            return _say("not_now", str(ClaimFinished(past)))
    return RetrainOutcome("nothing")


def _find_unrecorded(
    cfg: RetrainConfig, decisions: Iterable[Decision], history: Sequence[Retraining], champion: str | None
) -> Decision | None:
    """Return the decision whose retraining was killed after its version became champion.

    It is ended first: that its version is champion makes the decision look as if it was overtaken.
    """
    answered = {past.decision for past in history}
    for decision in decisions:
        if decision.verdict == "fire" and decision.digest not in answered:
            found = find_finished_training(_folder(cfg.paths.retrainings, decision))
            if found is not None and str(found[1]) == champion:
                return decision
    return None


def _act(
    cfg: RetrainConfig, checked: CheckedModel, decision: Decision, cluster: Cluster | None
) -> RetrainOutcome:
    model, claims = decision.model, ClaimStore(cfg.paths.retrainings)
    try:
        with claims.take(decision) as claim:
            if Registry(cfg.paths.registry).alias(model, CHAMPION) != checked.champion:
                changed = f"{model}: another process has changed the champion; the next call checks it"
                return _say("left_to_another", changed)
            folder = _folder(cfg.paths.retrainings, decision)
            judged = None if decision.champion is None else Version.parse(decision.champion)
            of_decision = replace(checked, champion=judged)
            task = checked.entry.task.name
            training = _training_config(cfg, decision, _words(cfg, model, task))
            options = cfg.retrain.incremental
            job = RetrainingJob(cfg, training, of_decision, decision, claim, folder, cfg.deploy, options)
            job.cluster = cluster
            if cfg.retrain.sweep is not None:
                left = hours_left(claims.history(), cfg.trigger.now(), cfg.retrain.limits)
                job.tuning = _tunings(cfg, decision, left).get(model)
            refused = job.run(folder / "train")
    except (LeaseHeld, ClaimFinished) as error:  # another process was faster
        return _say("left_to_another", str(error))
    except FootageLacking as error:
        err().print(f"{model}: left out: {error}", markup=False)
        return RetrainOutcome("impossible", str(error), error=error)
    return RetrainOutcome("retrained", "", claims.find(decision), refused)


def _say(done: Literal["not_now", "dry_run", "left_to_another"], why: str) -> RetrainOutcome:
    """Return an outcome whose sentence is printed."""
    out().print(why)
    return RetrainOutcome(done, why)


def _folder(retrainings: Path, decision: Decision) -> Path:
    """Return the folder with journal and verdict of the retraining for a decision."""
    return retrainings / decision.model / "runs" / decision.digest[:12]


def _tunings(
    cfg: RetrainConfig, decision: Decision | None = None, max_hours: float | None = None
) -> dict[str, Tuning]:
    """Return what is searched, for each model that is tuned. Raises UsageError for an unfit preset."""
    from raasid.pipeline.retraining_sweep import Tuning, presets_of

    tasks = {task.registry_name: name for name, task in TASKS.items()}
    return {
        model: Tuning(
            preset,
            _words(cfg, model, tasks[model]),
            lambda trial: _training_config(cfg, decision, trial),
            max_hours,
        )
        for model, preset in presets_of(cfg).items()
    }


def _words(cfg: RetrainConfig, model: str, task: TaskName) -> list[str]:
    """Return what a model is trained with, as overrides of `raasid train`."""
    return cfg.retrain.train.get(model) or [f"experiment={task}"]


def _training_config(cfg: RetrainConfig, decision: Decision | None, words: Sequence[str]) -> TrainConfig:
    """Return what words say; without words of the user new situations are learnt where they were found."""
    folders = {name: getattr(cfg.paths, name) for name in type(cfg.paths).model_fields}
    paths = (f"paths.{name}={'null' if path is None else quote_path(path)}" for name, path in folders.items())
    training = compose("train", TrainConfig, [*words, *paths])
    if decision is None or cfg.retrain.train.get(decision.model) or decision.action != "incremental":
        return training
    keys = [word.lstrip("+~").partition("=")[0].split(".") for word in words]
    searched = {key[1] for key in keys if key[0] == "data" and len(key) > 1}
    names = {"size", "eval_scale", "people", "tracks", *searched} & type(cfg.data).model_fields.keys()
    kept = {name: getattr(training.data, name) for name in names}
    return training.model_copy(update={"data": cfg.data.model_copy(update=kept)})
