"""Annotations: joints that are far from the box of their person."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.finding import Finding, Place
from raasid.data.checks.poses import NAMES, poses
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find keypoints outside their box, beyond what a loose box explains."""
    share = subject.thresholds.outside_box
    for clip in subject.clips:
        found = poses(clip)
        low, high = found.box[:, None, :2], (found.box[:, :2] + found.box[:, 2:])[:, None]
        apart = np.maximum(low - found.xy, found.xy - high).max(axis=-1)
        beyond = np.nan_to_num(apart / np.maximum(found.box[:, 2:].max(axis=1), 1.0)[:, None], nan=-1.0)
        for row in np.flatnonzero((beyond > share).any(axis=1)).tolist():
            worst = int(beyond[row].argmax())
            frame = clip.frames[found.frame[row]]
            told = f"{NAMES[worst]} is {apart[row, worst]:.0f} pixels outside the box"
            box: Place = tuple(found.box[row].tolist())
            yield Finding(
                "keypoint_outside_box",
                clip.id,
                frame.index,
                told,
                int(found.track[row]),
                str(frame.image),
                float(beyond[row, worst]),
                share,
                place=box,
            )
