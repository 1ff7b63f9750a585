"""Annotations: limbs that no body has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.finding import Finding, Place
from raasid.data.checks.poses import LIMBS, STEADY, Bools, Poses, poses
from raasid.data.checks.subject import Subject
from raasid.data.records import Clip

_ENOUGH = 4
"""Limbs that must be labelled for their lengths to be compared; otherwise a whole box must help."""


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
        ratio[_cut_off(clip, found)] = 0.0
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


def _cut_off(clip: Clip, found: Poses) -> Bools:
    """Which of the M skeletons show too little to be judged: few limbs, in a box that the frame cuts."""
    frames = [clip.frames[position] for position in found.frame]
    size = np.array([(frame.width, frame.height) for frame in frames])
    low, high = found.box[:, :2], found.box[:, :2] + found.box[:, 2:]
    at_edge = ((low < 2) | (high > size - 2)).any(axis=1)
    few = (~np.isnan(found.limbs()[:, STEADY])).sum(axis=1) < _ENOUGH
    return np.asarray(at_edge & few)
