"""Annotations: limbs that no body has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.finding import Finding, Place
from raasid.data.checks.poses import LIMBS, cut_off, poses
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find limbs that are much longer than the rest of the body and its box allow.

    A limb seen from the side is as long as it is, from the front shorter; longer it never is.
    """
    most = subject.thresholds.limb
    for clip in subject.clips:
        found = poses(clip)
        if not len(found.frame):
            continue
        size = np.maximum(found.size(), found.box[:, 2:].max(axis=1))
        ratio = np.nan_to_num(found.limbs() / size[:, None], nan=0.0)
        ratio[cut_off(clip, found)] = 0.0
        for row in np.flatnonzero((ratio > most).any(axis=1)).tolist():
            worst = int(ratio[row].argmax())
            frame = clip.frames[found.frame[row]]
            told = f"{LIMBS[worst][0]} {ratio[row, worst]:.1f} times as long as the body allows"
            box: Place = tuple(found.box[row].tolist())
            yield Finding(
                "impossible_skeleton",
                clip.id,
                frame.index,
                told,
                int(found.track[row]),
                str(frame.image),
                float(ratio[row, worst]),
                most,
                place=box,
            )
