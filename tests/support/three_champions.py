"""A registry with a champion of each task, and footage of open play and of touches seen from near.

The ball champion is trained. Pose and context champions are made by hand, so that a decision depends on the
ball and costs little: persons are everywhere, and a tracked ball that comes near an arm is an offence. All
touches are offences, so that accuracy is the share of clips in which the ball is tracked near a person.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from in_process import call_raasid

from raasid.config.build import build
from raasid.config.compose import compose
from raasid.footage.records import Clip, Footage
from raasid.footage.store import DatasetStore
from raasid.models.module import TaskModule
from raasid.models.pose.top_down import PoseTopDown
from raasid.packaging.card_builder import build_card
from raasid.packaging.package import pack, portable_model_config
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.names import Version
from raasid.registry.registry import Registry
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League

SIZE = ("data.size=[320,184]", "data.eval_scale=1.0", "data.crop=96", "data.league=null")
TRAIN_BALL = (
    *SIZE, "data=store", "model.channels=4", "model.mirror=false", "model.scales=[]", "data.batch_size=8",
    "model.threshold=0.3", "callbacks.hard_negatives.frames=8", "data.samples_per_epoch=1600",
    "trainer.max_epochs=2", "trainer.check_val_every_n_epoch=2",
)  # fmt: skip
"""At a lower threshold than the champion's: a retraining finds more balls."""
GATE = (
    "deploy.gate.margin=0.2", "deploy.gate.anchor_margin=0.2", "deploy.gate.tag_margin=0.3",
    "deploy.gate.limits.false_positives_per_minute=null",
)  # fmt: skip
"""Wide margins, because the test sets are small."""
NIGHT = "night"
"""Tag of the touches; that of open play is `day`."""


def make_three_champions(root: Path) -> None:
    """Render and store the footage, train the ball champion, and put all three in service below `root`."""
    _store_footage(root)
    words = ("experiment=ball", *TRAIN_BALL, "data.dataset=season", "model.threshold=0.4")
    done = call_raasid("train", *words, f"paths.root={root}")
    assert done.returncode == 0, done.stderr
    put_in_service(root, "ball_model", Registry(root / "registry").resolve("ball_model", "latest"))
    pose = (
        "model.channels=8", "model.joint_channels=8", "model.max_people=4", "model.rescan_scale=0.0",
        "model.mirror=false",
    )  # fmt: skip
    put_in_service(root, "pose_model", register(root, "pose", *pose, change=_see_persons_everywhere))
    rule = ("model=context_geometry", "model.margin=1.0", "model.angle_deg=0.001")
    put_in_service(root, "context_model", register(root, "context", *rule))


def retrain_ball(
    root: Path, dataset: str, *words: str, train: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Retrain the ball model on a dataset by `raasid retrain`, whatever it is worth now."""
    schedule = root / "schedule.yaml"
    entry = "{schedule: monthly, trigger_threshold: 0.999, evaluation_metrics: [detection_rate]}"
    schedule.write_text(f"models: {{ball_model: {entry}}}\n")
    words = (*words, f"paths.root={root}", f"data.dataset={dataset}", f"trigger.schedule={schedule}")
    train = [f"'{word}'" for word in ("experiment=ball", *TRAIN_BALL, f"data.dataset={dataset}", *train)]
    return call_raasid(
        "retrain", "models=[ball_model]", "trigger=performance", "data=store",
        f"retrain.train={{ball_model: [{', '.join(train)}]}}", *words,
    )  # fmt: skip


def put_in_service(root: Path, name: str, version: Version) -> None:
    """Make a version the champion."""
    Registry(root / "registry").set_alias(name, "champion", version, "a test")


def register(root: Path, task: str, *words: str, change: Any = None) -> Version:
    """Register an untrained model of a task as if it had been trained on the touches."""
    words = (f"experiment={task}", *words, *SIZE, "data=store", "data.dataset=touches", f"paths.root={root}")
    cfg = compose("train", TrainConfig, words)
    torch.manual_seed(1)
    model: TaskModule = build(cfg.model).eval()
    if change is not None:
        change(model)
    return register_model(root, model, cfg.recorded())


def register_model(
    root: Path, model: TaskModule, config: dict[str, Any], matches: Sequence[str] = ("another season",)
) -> Version:
    """Register a model with the configuration of its training, and the matches that it was trained on."""
    lineage = {"data": {"train": {"matches": list(matches), "frames": 1}}}
    files = pack(model, config, build_card(model, config, lineage, None))
    return Registry(root / "registry").register(
        f"{model.task}_model",
        files,
        model=portable_model_config(config["model"]),
        config=config,
        lineage=lineage,
        reason="made by hand",
    )


def _see_persons_everywhere(model: TaskModule) -> None:
    assert isinstance(model, PoseTopDown)
    detector, joints = (dict(net.named_parameters()) for net in (model.detector, model.joints))
    with torch.no_grad():
        detector["head.bias"][0].add_(6)
        joints["presence.bias"].add_(10)
        weight = joints["head.weight"].zero_()
        for joint in range(len(weight)):
            weight[joint, joint % weight.shape[1]] = 1e4  # where one feature is strongest, and surely so


def _store_footage(root: Path) -> None:
    """Store four datasets; no match is trained on in one and tested on in another.

    season: open play and touches at night to train on, open play to test. unlabelled: the same, but the balls
    of the night are not labelled. unlabelled_night: the same, with some of the night to test, too. touches:
    the whole clips of the context champion, one in each half of a match.
    """
    by_day = League(matches=15, clips_per_match=2, frames_per_clip=3, ball_px=22.0, **_LOOK, seed=6)
    near = League(
        matches=9, clips_per_match=2, scenario_share=1.0, handball_prior=1.0, scenario_frames=6,
        scenario_ball_px=24.0, shift="night", shift_intensity=3, **_LOOK, seed=5,
    )  # fmt: skip
    play, touches = _matches(by_day, root, "day"), _matches(near, root, NIGHT)
    train, val, test = play[:8], play[8:9], play[9:]
    dark = [_without_balls(match) for match in touches[:3]]
    _store(root, "season", train=[*train, *touches[:3]], val=val, test=test)
    _store(root, "unlabelled", train=[*train, *dark], val=val, test=test)
    _store(root, "unlabelled_night", train=[*train, *dark], val=val, test=[*test, *touches[3:]])
    halves = ("first_half", "second_half")
    tagged = [
        [replace(clip, tags=(*clip.tags, half)) for clip, half in zip(match, halves, strict=True)]
        for match in touches[3:]
    ]
    _store(root, "touches", test=tagged)


_LOOK: dict[str, Any] = {"size": (320, 184)}


def _matches(league: League, root: Path, tag: str) -> list[list[Clip]]:
    """Return the clips of each match of a league, with one tag in place of the renderer's many."""
    found: dict[str, list[Clip]] = {}
    for clip in generate(league, root / "data"):
        frames = tuple(replace(frame, tags=()) for frame in clip.frames)
        found.setdefault(clip.match, []).append(replace(clip, frames=frames, tags=(tag,)))
    return list(found.values())


def _without_balls(clips: Sequence[Clip]) -> list[Clip]:
    return [replace(c, frames=tuple(replace(frame, balls=()) for frame in c.frames)) for c in clips]


def _store(root: Path, name: str, **parts: Sequence[Sequence[Clip]]) -> None:
    splits = {split: [clip for match in matches for clip in match] for split, matches in parts.items()}
    ids = {split: [clip.id for clip in clips] for split, clips in splits.items()}
    footage = Footage([clip for clips in splits.values() for clip in clips], ids)
    DatasetStore(root / "store").add(name, footage, made_by="a test", link_media=True)
