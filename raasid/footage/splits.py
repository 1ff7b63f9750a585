"""Splits clips into train, val and test such that no match is in two of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from raasid.errors import DataError
from raasid.footage.records import Clip

SPLITS = ("train", "val", "test")
SPLIT_PRIORITY = ("test", "val", "train")
TEST_SHARE = VAL_SHARE = 0.15
"""Shares of the frames where the data declare no splits."""


class TooFewMatches(DataError):
    """Data without declared splits that have fewer matches than splits."""

    def __init__(self, matches: Sequence[str]) -> None:
        names = f" ({', '.join(matches)})" if matches else ""
        super().__init__(
            f"train, val and test need at least 3 matches, but the data hold {len(matches)}{names}; "
            "add footage of other matches, or declare the splits in the data themselves"
        )


@dataclass(frozen=True, slots=True)
class Splits:
    """Clips of each split in the order of their ids."""

    train: tuple[Clip, ...]
    val: tuple[Clip, ...]
    """Selects checkpoints and hyperparameters; never used for the figures of a report."""
    test: tuple[Clip, ...]
    notes: tuple[str, ...] = ()
    """Decisions made for the user (moved, dropped, missing), one sentence each."""


def split_by_match(
    clips: Iterable[Clip], declared: Mapping[str, Iterable[str]], holdout: float, seed: int
) -> Splits:
    """Assign clips to train, val and test, a complete match at a time.

    declared: split name -> clip ids; all three are taken as declared. If only one of val and test is
    declared, it is the test split, and about `holdout` of the training frames become `val`; with `holdout` 0
    it is empty. If neither is, matches are assigned 70/15/15 by frames. A match declared in two splits stays
    in the most held-out one; its other clips are dropped, with a note.
    The same clips, in any order, and the same seed give the same splits.
    Raises TooFewMatches. A declaration without `train` suffices for evaluation: `train` is then empty.
    """
    if not 0 <= holdout < 1:
        raise ValueError(f"holdout must be at least 0 and below 1, but is {holdout}")
    ordered = sorted(clips, key=lambda clip: (clip.id, clip.match))
    notes: list[str] = []
    if declared.get("val") or declared.get("test"):
        parts = _declared(ordered, declared, notes)
        if not (parts["val"] and parts["test"]):
            parts["test"] = parts["test"] or parts["val"]
            parts["val"] = _select_val(parts["train"], holdout, seed, notes)
    else:
        parts = _random_split(ordered, seed)
        notes.append("the data declare no held-out split: matches were assigned 70/15/15 by frames")
    held_out = {clip.match for clip in parts["val"]}
    train = [clip for clip in parts["train"] if clip.match not in held_out]
    return Splits(tuple(train), tuple(parts["val"]), tuple(parts["test"]), tuple(notes))


def _declared(
    clips: list[Clip], declared: Mapping[str, Iterable[str]], notes: list[str]
) -> dict[str, list[Clip]]:
    ids = {name: set(declared.get(name, ())) for name in SPLIT_PRIORITY}
    splits_of: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        splits_of[clip.match].update(name for name in SPLIT_PRIORITY if clip.id in ids[name])
    parts: dict[str, list[Clip]] = {name: [] for name in SPLIT_PRIORITY}
    leaked: dict[str, int] = defaultdict(int)
    undeclared = 0
    for clip in clips:
        wanted = [name for name in SPLIT_PRIORITY if name in splits_of[clip.match]]
        if wanted and clip.id in ids[wanted[0]]:
            parts[wanted[0]].append(clip)
        elif any(clip.id in ids[name] for name in wanted):
            leaked[clip.match] += 1
        else:
            undeclared += 1
    if leaked:
        names = ", ".join(f"{match} ({count})" for match, count in sorted(leaked.items())[:5])
        more = f" and {len(leaked) - 5} other matches" if len(leaked) > 5 else ""
        notes.append(
            f"{sum(leaked.values())} clips dropped from a less held-out split, because other clips of "
            f"their match are in a more held-out one: {names}{more}"
        )
    if undeclared:
        notes.append(f"{undeclared} clips dropped, because no declared split names them")
    return parts


def _select_val(train: list[Clip], holdout: float, seed: int, notes: list[str]) -> list[Clip]:
    frames = _frames_by_match(train)
    if not frames:
        return []
    if holdout == 0 or len(frames) < 2:
        why = "holdout is 0" if holdout == 0 else f"train holds {len(frames)} match"
        notes.append(f"no selection split ({why}): the last weights are taken, not the best")
        return []
    chosen = _choose_matches(frames, holdout * sum(frames.values()), seed, keep=1)
    val = [clip for clip in train if clip.match in chosen]
    count = sum(len(clip.frames) for clip in val)
    notes.append(
        f"val is {len(chosen)} of {len(frames)} training matches ({count} of {sum(frames.values())} frames), "
        "held out to choose the best weights; the declared held-out split is the test"
    )
    return val


def _random_split(clips: list[Clip], seed: int) -> dict[str, list[Clip]]:
    frames = _frames_by_match(clips)
    if len(frames) < 3:
        raise TooFewMatches(sorted(frames))
    total = sum(frames.values())
    test = _choose_matches(frames, TEST_SHARE * total, seed, keep=2)
    rest = {match: count for match, count in frames.items() if match not in test}
    val = _choose_matches(rest, VAL_SHARE * total, seed, keep=1)
    return {
        "train": [clip for clip in clips if clip.match not in test and clip.match not in val],
        "val": [clip for clip in clips if clip.match in val],
        "test": [clip for clip in clips if clip.match in test],
    }


def _frames_by_match(clips: Iterable[Clip]) -> dict[str, int]:
    frames: dict[str, int] = defaultdict(int)
    for clip in clips:
        frames[clip.match] += max(1, len(clip.frames))
    return frames


def _choose_matches(frames: Mapping[str, int], target: float, seed: int, keep: int) -> set[str]:
    """Choose matches whose frames sum as near to `target` as possible; at least 1, leaving at least `keep`.

    Subset sum over the shuffled matches: the reachable sums are the bits of one integer, and `first` has the
    match that first reached each sum, which is enough to backtrack. If too many are chosen for `keep`, the
    smallest are dropped.
    """
    order = sorted(frames)
    random.Random(seed).shuffle(order)
    max_sum = max(round(2 * target), min(frames.values()))
    reachable, within = 1, (1 << (max_sum + 1)) - 1
    first: dict[int, str] = {}
    for match in order:
        new = (reachable << frames[match]) & ~reachable & within
        reachable |= new
        while new:
            first[new.bit_length() - 1] = match
            new &= ~(1 << (new.bit_length() - 1))
        if round(target) in first:
            break
    available = sum(frames.values())
    left = min(
        (total for total in first if total < available), key=lambda total: (abs(total - target), total)
    )
    chosen: set[str] = set()
    while left:
        chosen.add(first[left])
        left -= frames[first[left]]
    for match in sorted(chosen, key=lambda name: (frames[name], name))[
        : max(0, len(chosen) + keep - len(order))
    ]:
        chosen.discard(match)
    return chosen
