"""Scene: a new edition of the Laws comes into force, and the context model is trained anew.

The season is that of 2021: on 1 July the Laws of 2021/22 took back that every arm that makes the body bigger
is an offence; since then it is none where the movement justifies the position of the arm. Later editions, to
2026/27, rule alike, and would not ask for a retraining.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from raasid.config.compose import compose
from raasid.evaluation.context.matched import match_clips
from raasid.footage.records import Footage
from raasid.footage.relabel import relabel
from raasid.footage.store import DatasetStore
from raasid.laws.decide import decide
from raasid.pipeline.evaluation import build_data, predict_with_named_model
from raasid.pipeline.model_refs import load_registered
from raasid.pipeline.verb_configs import EvaluateConfig
from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry
from raasid.stats.bootstrap import Estimate, bootstrap
from raasid.synthetic.generate import labelled_clips
from raasid.synthetic.league import League
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_store import DecisionStore

from .ball_service import dataset_words, gate_words, time_words
from .commands import quoted_list, raasid, registry
from .night_matches_arrive import check_week
from .story import LawChange, Season

MODEL = "context_model"
OLD, NEW = "ifab_2020_21", "ifab_2021_22"
_DATASET = "touches"


def play(season: Season) -> None:
    """Train for the old edition; play the week of the change; train for the new one."""
    amounts, week = season.amounts, season.amounts.law_week
    flipped = _store_touches(season)
    words = [*_training_words(season), f"+data.tracks.edition={OLD}", *_path_words(season)]
    raasid("train", *words, run_dir=season.root / "logs" / "first_context")
    registry(
        "--registry", str(season.root / "registry"),
        "alias", MODEL, CHAMPION, "latest", "--reason", "the first of the season",
    )  # fmt: skip
    old = _champion(season)
    season.tell(
        1,
        amounts.monday(1),
        "A context model is trained on touches of ball and arm, for the Laws of 2020/21",
        f"Version {old}.",
    )
    season.events.insert(1, season.events.pop())  # it was in service from the first week on

    when = amounts.sunday(week)
    season.tell(
        week,
        amounts.monday(week) + timedelta(days=3),
        "The Laws of 2021/22 come into force",
        f"They reverse the decision on {flipped} of {sum(amounts.touch_matches) * amounts.touches} clips.",
    )
    check_week(season, week)
    raasid("check", *_check_words(season, when), run_dir=season.root / "logs" / f"week_{week}_check_law")
    (stored,) = DecisionStore(season.root / "decisions").newest_first(MODEL)
    season.tell_check(week, when, stored.decision)
    raasid(
        "retrain",
        *_check_words(season, when),
        f"retrain.train={{{MODEL}: {quoted_list(_training_words(season))}}}",
        *gate_words(amounts),
        run_dir=season.root / "logs" / f"week_{week}_retrain_law",
    )
    done = ClaimStore(season.root / "retrainings").history(MODEL)
    season.tell_retraining(
        week, when, done[-1] if done else None, "labels derived anew from the same facts, from the beginning"
    )
    if done:
        new = str(done[-1].version)
        clips = DatasetStore(season.ball.store).find(_DATASET).footage().clips
        season.law = LawChange(
            OLD,
            NEW,
            clips=len(clips),
            reversed=flipped,
            as_before=_accuracy(season, old, decides_by=OLD),
            same_facts=_accuracy(season, old, decides_by=NEW),
            retrained=_accuracy(season, new, decides_by=NEW),
        )


def _store_touches(season: Season) -> int:
    """Store scripted touches with the rulings of the old edition; return how many the new one reverses."""
    amounts = season.amounts
    league = League(
        matches=sum(amounts.touch_matches),
        clips_per_match=amounts.touches,
        frames_per_clip=amounts.touch_frames,
        stride=1,
        scenario_share=1.0,
        scenario_frames=amounts.touch_frames,
        scenarios=("arm_justified", "arm_out", "arm_tucked", "above_shoulder", "chest", "thigh"),
        seed=6,
    )
    clips = labelled_clips(league, season.data)
    matches = list(dict.fromkeys(clip.match for clip in clips))
    ends = np.cumsum(amounts.touch_matches)
    parts = zip(("train", "val", "test"), np.split(matches, ends[:-1]), strict=True)
    splits = {split: [clip.id for clip in clips if clip.match in its] for split, its in parts}
    footage, _ = relabel(Footage(clips, splits), OLD)
    DatasetStore(season.ball.store).add(_DATASET, footage, made_by="season")
    return len(relabel(footage, NEW)[1].flipped_ids)


def _accuracy(season: Season, version: str, decides_by: str) -> Estimate:
    """Return the share of test clips that a version, deciding by an edition, decides as the new Law does."""
    words = [f"version={MODEL}@{version}", *_data_words(season), f"+data.tracks.edition={decides_by}"]
    cfg = compose("evaluate", EvaluateConfig, [*words, *_path_words(season)])
    model = load_registered(f"{MODEL}@{version}", cfg.paths)
    data = build_data(model, cfg.data, cfg.paths, cfg.seed)
    run_dir = season.root / "logs" / f"law_{version}_{decides_by}"
    found = predict_with_named_model(model, data, cfg.trainer, "test", run_dir).collected
    outcomes, _ = match_clips(found.refs, found.predictions)
    right = np.array([one.predicted == decide(one.ref.facts, NEW).decision for one in outcomes], float)
    matches = [one.match for one in outcomes]
    share = bootstrap(matches, lambda weights: {"accuracy": (weights * right).sum(1) / weights.sum(1)})
    return share["accuracy"]


def _champion(season: Season) -> str:
    return str(Registry(season.root / "registry").alias(MODEL, CHAMPION))


def _data_words(season: Season) -> list[str]:
    return [
        *dataset_words(season.ball.store, _DATASET),
        "data.eval_batch_size=32",
        "+data.tracks.source=truth",
    ]


def _training_words(season: Season) -> list[str]:
    epochs = season.amounts.touch_epochs
    return [
        "experiment=context", *_data_words(season), "data.batch_size=32", "data.samples_per_epoch=null",
        "data.tracks.extra_clips=0", "data.tracks.calibration_clips=0",
        "model.width=48", "model.layers=1",
        f"trainer.max_epochs={epochs}", f"trainer.check_val_every_n_epoch={epochs}",
    ]  # fmt: skip


def _check_words(season: Season, when: datetime) -> list[str]:
    return [
        *_data_words(season),
        f"models=[{MODEL}]",
        "trigger=rule_change",
        *time_words(season.root, when),
        *_path_words(season),
    ]


def _path_words(season: Season) -> list[str]:
    return [f"paths.root={season.root}"]
