"""A ball champion that is poor, after one step of training, and the words of a retraining that is better."""

from __future__ import annotations

import json
from pathlib import Path

from in_process import call_raasid

from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

LEAGUE = (
    "data=synthetic_tiny", "data.matches=12", "data.val_matches=2", "data.test_matches=5",
    "data.clips_per_match=2", "data.frames_per_clip=3",
)  # fmt: skip
NET = ("model.channels=4", "trainer.check_val_every_n_epoch=2", "data.samples_per_epoch=40")
LONGER = "trainer.max_epochs=6"
TRAIN = "retrain.train={ball_model: [" + ", ".join(f"'{word}'" for word in (*LEAGUE, *NET, LONGER)) + "]}"
PERFORMANCE = ("trigger.kinds=[performance]", "trigger.performance.min_matches=2")
CHECK = (*LEAGUE, "models=[ball_model]", *PERFORMANCE)
GATE = ("deploy.gate.min_matches=2", "deploy.gate.margin=0.3", "deploy.gate.anchor_margin=0.3")
FREE = ("deploy.gate.limits.false_positives_per_minute=null",)
"""The poor champion predicts nothing, and so no ball that is none."""
RETRAIN = ("retrain", *CHECK, *GATE, *FREE, TRAIN)
TRAIN_IF_ASKED = ("train", *LEAGUE, *NET, LONGER, "deploy=local", *GATE, *FREE)


def make_champion(root: Path, model: str, *words: str) -> str:
    """Train a model into the registry of a root and put it in service; return its version."""
    done = call_raasid("train", *words, f"paths.root={root}")
    assert done.returncode == 0, done.stderr
    registry = Registry(root / "registry")
    latest = registry.resolve(model, "latest")
    registry.set_alias(model, "champion", latest, "the first")
    return str(latest)


def make_ball_season(root: Path) -> None:
    """Fill a root with the rendered league and the poor champion."""
    make_champion(root, "ball_model", *LEAGUE, *NET, "trainer.max_epochs=1", "trainer.limit_train_batches=1")


def champion(root: Path, model: str = "ball_model") -> str:
    """Return the version in service."""
    return str(Registry(root / "registry").alias(model, "champion"))


def versions(root: Path, model: str = "ball_model") -> int:
    """Return how many versions are registered."""
    return Registry(root / "registry").versions(model).count()


def at(root: Path, season: Path) -> list[str]:
    """Where a command writes; the rendered league is shared."""
    return [f"paths.root={root}", f"paths.data={season}/data"]


def journal_steps(root: Path, model: str = "ball_model") -> list[str]:
    """Return the steps of the journal of the only retraining."""
    (found,) = (root / "retrainings" / model / "runs").glob("*/journal.jsonl")
    return [json.loads(line)["step"] for line in found.read_text().splitlines()]


def assert_retrained_once(root: Path, old: str) -> None:
    """Check that one retraining was done and recorded, and that its version is in service."""
    from raasid.registry.fsck import fsck

    registry, new = Registry(root / "registry"), champion(root)
    assert fsck(registry) == []
    assert versions(root) == 2
    assert new != old
    table = registry.routes()
    assert table is not None
    assert [(route.name, route.version) for route in table.routes] == [("ball_model", new)]
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert (past.champion, past.version, past.promoted) == (old, new, True)
    assert len([*registry.alias_history("ball_model", "champion").newest_first()]) == 2
    (lease,) = (root / "retrainings" / "ball_model" / "lease").glob("[!.]*")
    assert json.loads(lease.read_text())["released"], "nobody holds the claim"
