"""Words of the smallest trainings of a pose and of a context model on a league of their own."""

from __future__ import annotations

from pathlib import Path

from ball_season import make_champion

PEOPLE = (
    "data=synthetic_people", "data.matches=5", "data.val_matches=1", "data.test_matches=3",
    "data.clips_per_match=1", "data.frames_per_clip=2", "data.size=[160,96]",
)  # fmt: skip
POSE = (
    "experiment=pose", *PEOPLE, "model.channels=8", "model.joint_channels=8", "data.people.window=null",
    "data.samples_per_epoch=8", "trainer.max_epochs=1", "trainer.check_val_every_n_epoch=1",
)  # fmt: skip
TOUCHES = (
    "data=synthetic_touches", "data.matches=8", "data.val_matches=2", "data.test_matches=3",
    "data.clips_per_match=2", "data.scenario_frames=8", "data.tracks.source=truth", "data.num_workers=0",
)  # fmt: skip
CONTEXT = (
    "experiment=context", *TOUCHES, "data.tracks.extra_clips=8", "data.tracks.calibration_clips=3",
    "model.width=16", "trainer.max_epochs=1", "data.tracks.edition=ifab_2021_22",
)  # fmt: skip
"""For the Laws of 2021/22."""


def make_pose_season(root: Path) -> None:
    """Fill a root with the rendered league and a pose champion that is poor."""
    make_champion(root, "pose_model", *POSE)


def make_context_season(root: Path) -> None:
    """Fill a root with the rendered league and a context champion for the Laws of 2021/22."""
    make_champion(root, "context_model", *CONTEXT)
